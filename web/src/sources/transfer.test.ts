import { expect, test } from "vitest";
import { droppedFiles, pastedFiles } from "./transfer";

const named = (name: string) => ({ name }) as File;
const fileEntry = (name: string) => ({ name, isFile: true, isDirectory: false, file: (take: (file: File) => void) => take(named(name)) });
const folder = (name: string, ...batches: object[][]) => ({
  name, isFile: false, isDirectory: true,
  createReader: () => {
    const left = [...batches, []];
    return { readEntries: (take: (entries: object[]) => void) => take(left.shift() ?? []) };
  },
});
const transfer = (files: File[], entries: (object | null)[]) =>
  ({ files, items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })) }) as unknown as DataTransfer;

test("a folder is dropped with all that is in it, however many readings that takes", async () => {
  const books = folder("books", [fileEntry("a.md"), folder("more", [fileEntry("b.md")])], [fileEntry("c.md"), fileEntry(".DS_Store")]);
  const files = await droppedFiles(transfer([named("books")], [books, fileEntry("d.md")]));
  expect(files.map(({ name }) => name)).toEqual(["a.md", "b.md", "c.md", "d.md"]);
});

test("files alone are taken as they are", async () => {
  expect((await droppedFiles(transfer([named("a.md")], [fileEntry("a.md")]))).map(({ name }) => name)).toEqual(["a.md"]);
});

test("a text is pasted as a text, also where a picture of it comes along", () => {
  const clipboard = (...types: string[]) => ({ types, files: [named("image.png")] }) as unknown as DataTransfer;
  expect(pastedFiles(clipboard("text/plain", "Files"))).toEqual([]);
  expect(pastedFiles(clipboard("Files"))).toHaveLength(1);
  expect(pastedFiles(null)).toEqual([]);
});
