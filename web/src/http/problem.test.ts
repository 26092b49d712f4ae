import { expect, test } from "vitest";
import { forPeople, problemFrom } from "./problem";

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

test("a proxy's refusal says so, and suggests a retry only where that may help", () => {
  const page = "<html><h1>413 Request Entity Too Large</h1></html>";
  expect(problemFrom(413, page, null, "The file").message).toMatch(/^The file is too large for a proxy in front of this server \(413\)\./);
  for (const status of [400, 403, 404, 405, 411, 413, 414, 415, 431]) {
    for (const body of [page, "", "null", "[]", '"no"']) {
      const { message } = problemFrom(status, body, null);
      expect(message).toContain(`(${status})`);
      expect(message).not.toMatch(/try again/i);
    }
  }
  for (const status of [408, 429, 500, 502, 504]) expect(problemFrom(status, page, null).message).toMatch(/try again/i);
});

test.each([
  "conversation:join: invalid type: null, expected struct Join", "first element not found at line 1 column 21",
  "UUID parsing failed: invalid character: found `x` at 0", "missing field `content`", "unknown: invalid type: byte array, expected any valid JSON value at line 1 column 49",
])("nobody is shown %s", (detail) => {
  for (const shown of [forPeople(detail), problemFrom(422, JSON.stringify({ code: "validation", detail }), null).message]) {
    expect(shown).toMatch(/Reload it and try again/);
  }
});

test("a fault of the server's comes with the id that finds it", () => {
  const body = JSON.stringify({ code: "internal", detail: "Something went wrong; report the request id.", requestId: "abc-1" });
  expect(problemFrom(500, body, null).message).toBe("Something went wrong on our side. Try again, and if it keeps happening, report this ID: abc-1.");
  expect(forPeople("Everything is busy. Try again in a moment.", "busy")).toBe("Everything is busy. Try again in a moment.");
  expect(forPeople("Use 8 to 256 characters.")).toBe("Use 8 to 256 characters.");
});
