// Before the first paint, so that a chosen theme does not flash. A file of its own: inline scripts are not allowed.
(() => {
  try {
    const chosen = localStorage.getItem("collabry.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage may be switched off; the system's theme is used.
  }
})();
