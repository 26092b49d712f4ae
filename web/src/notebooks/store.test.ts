import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { answer, asked, connect, emit } from "../realtime/stand-in";
import type { Notebook } from "../realtime/types";

vi.mock("../http/client", () => import("../realtime/stand-in"));
vi.mock("../realtime/socket", () => import("../realtime/stand-in"));

const { followNotebooks, notebooks, readNotebook } = await import("./store");

const LIST = "GET /api/notebooks";
const ONE = "GET /api/notebooks/1";
const notebook = (id: string, title: string): Notebook => ({ id, title, role: "owner", createdAt: "", updatedAt: "", deletedAt: null, joinCode: null });
const titles = () => notebooks.value?.map(({ title }) => title);

let unfollow = () => undefined as void;

beforeEach(async () => {
  unfollow = followNotebooks((error) => expect.fail(String(error)));
  await answer(LIST, { notebooks: [notebook("1", "Cells"), notebook("2", "Plants")] });
});

afterEach(async () => {
  unfollow();
  expect(await asked()).toEqual([]);
});

test("a list that was made before a change does not take it back", async () => {
  connect();
  await asked();
  emit("notebook:updated", { notebookId: "1", title: "Plant cells" });
  emit("notebook:deleted", { notebookId: "2" });
  await answer(LIST, { notebooks: [notebook("1", "Cells"), notebook("2", "Plants")] });
  expect(titles()).toEqual(["Plant cells"]);
  await answer(LIST, { notebooks: [notebook("1", "Plant cells")] });
  expect(titles()).toEqual(["Plant cells"]);
});

test("of two reads the later one counts", async () => {
  connect();
  await asked();
  emit("notebook:members", { notebookId: "3" });
  expect(await asked()).toEqual([LIST]);
  await answer(LIST, { notebooks: [] });
  await answer(LIST, { notebooks: [notebook("3", "Roots")] });
  expect(titles()).toEqual(["Roots"]);
});

test("a notebook that is renamed while its page opens has its new name", async () => {
  const opening = readNotebook("1");
  await asked();
  emit("notebook:updated", { notebookId: "1", title: "Plant cells" });
  await answer(ONE, notebook("1", "Cells"));
  await answer(ONE, notebook("1", "Plant cells"));
  await opening;
  expect(titles()).toEqual(["Plant cells", "Plants"]);
});

test("who is shown the door while the page opens does not keep the notebook", async () => {
  const opening = readNotebook("1");
  await asked();
  emit("notebook:members", { notebookId: "1" });
  await answer(LIST, { notebooks: [notebook("2", "Plants")] });
  await answer(ONE, notebook("1", "Cells"));
  expect(titles()).toEqual(["Plants"]);
  unfollow();
  await answer(ONE, undefined);
  await opening;
});
