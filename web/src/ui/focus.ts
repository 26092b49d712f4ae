/** Keeps the focus on the page, once what had it is gone: otherwise whoever uses a keyboard starts again from its top. */
export function keepFocus(): void {
  setTimeout(() => {
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  });
}
