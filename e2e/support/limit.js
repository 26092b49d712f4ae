// Loaded before each file of tests: a test that hangs is named, and its file ended with all that it started. Node's own
// limit (`--test-timeout`) is one for a whole file, and names nothing else; it is left for what blocks the event loop.

import { afterEach, beforeEach } from "node:test";

const SECONDS = Number(process.env.TEST_LIMIT_SECS ?? 600);

/** @type {Map<string, NodeJS.Timeout>} */
const running = new Map();

beforeEach((t) => {
  const hung = () => {
    console.error(`HUNG: "${t.name}" did not end within ${SECONDS} seconds.`);
    process.exit(1);
  };
  running.set(t.name, setTimeout(hung, SECONDS * 1000).unref());
});

afterEach((t) => {
  clearTimeout(running.get(t.name));
  running.delete(t.name);
});
