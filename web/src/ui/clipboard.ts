import { Problem } from "../http/problem";

/** Browsers offer the clipboard on https and localhost only. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    throw new Problem("clipboard", "The browser did not allow copying. Select the text and copy it by hand.");
  }
}
