import { expect, test } from "vitest";
import { progressOf } from "./progress";

test("who waits is told how many are ahead", () => {
  const label = (ahead?: number) => progressOf({ step: "queued" }, ahead)?.label;
  expect(label()).toBe("Waiting to be read");
  expect(label(0)).toBe("Next to be read");
  expect(label(1)).toBe("Waiting: 1 file ahead of yours");
  expect(label(12)).toBe("Waiting: 12 files ahead of yours");
});
