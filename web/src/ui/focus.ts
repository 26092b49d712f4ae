/** Keeps the focus on the page when the focused element disappears: otherwise keyboard users start again from the top. */
export function keepFocus(): void {
  setTimeout(() => {
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  });
}
