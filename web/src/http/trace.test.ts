import { expect, test } from "vitest";
import { traceparent } from "./trace";

test("every trace has an id of its own, in the form that servers read", () => {
  const [one, other] = [traceparent(), traceparent()];
  expect(one).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(one.slice(3, 35)).not.toBe(other.slice(3, 35));
});
