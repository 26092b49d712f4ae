const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "2 hours ago". */
export function ago(time: string, now = Date.now()): string {
  const passed = now - Date.parse(time);
  if (passed < MINUTE) return "just now";
  if (passed < HOUR) return relative.format(-Math.floor(passed / MINUTE), "minute");
  if (passed < DAY) return relative.format(-Math.floor(passed / HOUR), "hour");
  if (passed < 30 * DAY) return relative.format(-Math.floor(passed / DAY), "day");
  return new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** The time of day for today, date and time for other days. */
export function when(time: string, now = Date.now()): string {
  return now - Date.parse(time) < DAY ? clock.format(Date.parse(time)) : full.format(Date.parse(time));
}

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export function day(time: number): string {
  return date.format(time);
}

/** The day here, as fields for dates take it. */
export function isoDay(time: number): string {
  const at = new Date(time);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function bytes(size: number): string {
  if (size < 1_000) return `${size} B`;
  if (size < 1_000_000) return `${Math.round(size / 1_000)} kB`;
  return `${(size / 1_000_000).toFixed(1)} MB`;
}
