import { expect, test } from "vitest";
import { canonicalId } from "./uuid";

test.each([
  ["01A22D05-7FFD-70F9-A6A4-F286B4E22FB1", "01a22d05-7ffd-70f9-a6a4-f286b4e22fb1"],
  ["01a22d057ffd70f9a6a4f286b4e22fb1", "01a22d05-7ffd-70f9-a6a4-f286b4e22fb1"],
  ["New", "New"],
])("%s stands for %s", (spelling, id) => expect(canonicalId(spelling)).toBe(id));
