import { expect, test } from "vitest";
import { progressOf } from "./progress";

test("who waits is told how many are ahead", () => {
  const label = (ahead?: number) => progressOf({ step: "queued" }, ahead)?.label;
  expect(label()).toBe("In line");
  expect(label(0)).toBe("Next in line");
  expect(label(1)).toBe("In line: 1 file ahead of yours");
  expect(label(12)).toBe("In line: 12 files ahead of yours");
});
