// Files as they come from elsewhere: dropped, also in folders, or pasted.

/** The files of a drop, those within folders included. The list itself is gone once the event is over. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null).filter((entry) => entry !== null);
  if (!entries.some(({ isDirectory }) => isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  // What the system keeps for itself in a folder.
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found;
    for (const one of some) found.push(...(await filesOf(one)));
  }
}

/** The files of a paste; none where it is a text that comes with a picture of itself, as from a word processor. */
export function pastedFiles(transfer: DataTransfer | null): File[] {
  if (transfer === null || transfer.types.includes("text/plain")) return [];
  return [...transfer.files];
}
