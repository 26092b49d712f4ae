import { signal } from "@preact/signals";
import { Icon } from "./icons";

type Theme = "system" | "light" | "dark";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
/** Read by `public/theme.js` before the first paint, so it is kept as plain text. */
const KEY = "collabry.theme";

const theme = signal<Theme>((document.documentElement.dataset["theme"] as Theme | undefined) ?? "system");

function choose(next: Theme): void {
  theme.value = next;
  if (next === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next;
  try {
    if (next === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Storage may be switched off; the choice lasts as long as the page.
  }
}

export function ThemeToggle() {
  const label = `Theme: ${theme.value}. Change to ${NEXT[theme.value]}`;
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={() => choose(NEXT[theme.value])}>
      <Icon name="theme" />
    </button>
  );
}
