/** A person's initials on a colour that is always theirs. */
export function Avatar({ id, name, present }: { id: string; name: string; present?: boolean }) {
  const initials = name.split(/\s+/).slice(0, 2).map((word) => Array.from(word)[0] ?? "").join("").toUpperCase();
  return (
    <span class={present ? "avatar present" : "avatar"} style={{ "--hue": String(hue(id)) }} aria-hidden="true">
      {initials}
    </span>
  );
}

function hue(id: string): number {
  let sum = 0;
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return sum;
}
