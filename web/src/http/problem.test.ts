import { expect, test } from "vitest";
import { problemFrom } from "./problem";

test("a problem says what it is and when to try again", () => {
  const body = JSON.stringify({ code: "rate_limited", detail: "Try again in 9 seconds." });
  expect(problemFrom(429, body, "9")).toMatchObject({
    code: "rate_limited",
    message: "Try again in 9 seconds.",
    status: 429,
    retryAfterMs: 9_000,
  });
  expect(problemFrom(404, body, null).retryAfterMs).toBeNull();
});

test("a proxy's own error page is a problem too", () => {
  const problem = problemFrom(502, "<html>Bad Gateway</html>", "Wed, 21 Oct 2026 07:28:00 GMT");
  expect(problem).toMatchObject({ code: "http_502", retryAfterMs: null });
  expect(problem.message).toContain("502");
});
