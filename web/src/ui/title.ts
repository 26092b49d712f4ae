import { effect, signal } from "@preact/signals";

const page = signal("Collabry");
/** How many things wait to be read, elsewhere than on the page. */
export const waiting = signal(0);

export function setTitle(...parts: string[]): void {
  page.value = [...parts, "Collabry"].join(" · ");
}

effect(() => {
  // Not there in tests.
  if (typeof document === "undefined") return;
  document.title = waiting.value === 0 ? page.value : `(${waiting.value}) ${page.value}`;
});
