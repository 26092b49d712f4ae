import { signal } from "@preact/signals";
import type { Source } from "../realtime/types";
import { sources } from "./store";
import { upload } from "./uploads";

/** A file whose name a source has already. */
export interface Duplicate {
  file: File;
  source: Source;
}

/** Files that wait until somebody says what becomes of them. */
export const duplicates = signal<{ notebookId: string; files: readonly Duplicate[] } | null>(null);

/** Adds files to a notebook, and asks first about those that seem to be there already. */
export function addFiles(notebookId: string, files: Iterable<File>): void {
  const [fresh, known] = sorted(files, sources.peek() ?? []);
  if (fresh.length > 0) upload(notebookId, fresh);
  if (known.length === 0) return;
  const waiting = duplicates.peek()?.notebookId === notebookId ? (duplicates.peek()?.files ?? []) : [];
  duplicates.value = { notebookId, files: [...waiting, ...known] };
}

export function sorted(files: Iterable<File>, known: readonly Source[]): [fresh: File[], known: Duplicate[]] {
  const byName = new Map(known.filter(({ origin }) => origin.kind === "upload").map((source) => [nameOf(source.name), source]));
  const fresh: File[] = [];
  const there: Duplicate[] = [];
  for (const file of files) {
    const source = byName.get(nameOf(file.name));
    if (source === undefined) fresh.push(file);
    else there.push({ file, source });
  }
  return [fresh, there];
}

/** Names that people take for the same. */
const nameOf = (name: string) => name.normalize("NFC").trim().toLowerCase();

export function settle(choice: "replace" | "keep" | "skip"): void {
  const waiting = duplicates.peek();
  duplicates.value = null;
  if (waiting === null || choice === "skip") return;
  const { notebookId, files } = waiting;
  if (choice === "keep") return upload(notebookId, files.map(({ file }) => file));
  for (const { file, source } of files) upload(notebookId, [file], source.id);
}
