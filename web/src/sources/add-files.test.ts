import { expect, test, vi } from "vitest";
import type { Source } from "../realtime/types";

vi.mock("./store", () => ({ sources: { peek: () => null } }));
vi.mock("./uploads", () => ({ upload: vi.fn() }));
const { sorted } = await import("./add-files");

const source = (name: string, kind: "upload" | "url" = "upload") => ({ id: name, name, origin: { kind, url: "" } }) as unknown as Source;
const files = (...names: string[]) => names.map((name) => ({ name }) as File);

test("a file that a source has the name of is known, however it is spelt", () => {
  const [fresh, known] = sorted(files("Notes.md", "caf\u0065\u0301.txt", "new.md", "page"), [source("notes.md"), source("caf\u00e9.txt"), source("page", "url")]);
  expect(fresh.map(({ name }) => name)).toEqual(["new.md", "page"]);
  expect(known.map((one) => one.source.id)).toEqual(["notes.md", "caf\u00e9.txt"]);
});
