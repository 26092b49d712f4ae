// `scripts/install-deps.sh` beside another apt, as a fresh machine runs one by itself.

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { Child } from "../support/process.js";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/install-deps.sh");

/** An apt-get whose first calls of each kind say what `says`; nothing is installed here. */
async function run(t, says, times, env = {}) {
  const folder = await mkdtemp(join(tmpdir(), "collabry-apt-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const fake = {
    "dpkg-query": "exit 1",
    sudo: 'exec "$@"',
    "apt-get": `echo "$*" >>"${folder}/asked"
      case " $* " in *" update "*) kind=update ;; *) kind=install ;; esac
      count=$(cat "${folder}/$kind" 2>/dev/null || echo 0)
      echo $((count + 1)) >"${folder}/$kind"
      [ "$count" -ge ${times} ] || { echo '${says}' >&2; exit 100; }`,
  };
  for (const [name, body] of Object.entries(fake)) {
    await writeFile(join(folder, name), `#!/bin/bash\n${body}\n`);
    await chmod(join(folder, name), 0o755);
  }
  const child = new Child(SCRIPT, ["run"], { PATH: `${folder}:${process.env.PATH}`, ...env });
  const { code } = await child.ended;
  return { code, output: child.output, asked: (await readFile(join(folder, "asked"), "utf8")).trim().split("\n") };
}

for (const says of [
  "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (unattended-upgr)",
  "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt-get)",
  "E: Unable to lock directory /var/lib/apt/lists/",
]) {
  test(`it waits: ${says}`, async (t) => {
    const { code, output, asked } = await run(t, says, 1);
    assert.equal(code, 0, output);
    assert.match(output, /Another apt is running; waiting up to \d+ s for it/);
    assert.equal(asked.length, 4, "each asked again");
    assert.ok(asked.every((arguments_) => arguments_.includes("DPkg::Lock::Timeout=")), "and apt waits by itself where it can");
  });
}

test("it does not wait for ever, and for nothing else", async (t) => {
  const held = await run(t, "E: Could not get lock /var/lib/dpkg/lock-frontend", 99, { APT_TIMEOUT_SECS: "1" });
  assert.notEqual(held.code, 0);
  assert.match(held.output, /Could not get lock/);
  const gone = await run(t, "E: Unable to fetch some archives", 99);
  assert.notEqual(gone.code, 0);
  assert.match(gone.output, /Unable to fetch/);
  assert.equal(gone.asked.length, 1);
});
