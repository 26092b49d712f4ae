// The Docker engine as a process, when scripts/docker-engine.sh has started it.

import { execFile } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";

import { until } from "../../support/wait.js";

const SCRIPT = resolve(import.meta.dirname, "../../../scripts/docker-engine.sh");
const run = promisify(execFile);

/** Starts an engine, unless one answers. Prints its process id when it is ours. */
export async function startEngine() {
  const { stdout } = await run(SCRIPT, ["start"]);
  return Number(stdout) || undefined;
}

/** Of a process. @param {number} pid */
async function parent(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]);
}

/** Our engine, with what it takes to kill it as a power cut would; nothing when it is somebody else's. */
export async function ownEngine() {
  const pid = await startEngine();
  if (pid === undefined) return undefined;
  return {
    /** @param {number[]} containers what runs in it */
    async kill(containers) {
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
      const containerd = children.split(" ").map(Number).filter((child) => child > 0);
      const shims = await Promise.all(containers.map(parent));
      const all = [...new Set([pid, ...containerd, ...shims, ...containers])];
      for (const each of all) process.kill(each, "SIGKILL");
      // Another engine does not start while there is a process with the number of this one, and waits in vain for a
      // containerd that it finds still dying.
      const gone = (each) => access(`/proc/${each}`).then(() => false, () => true);
      await until("all of it is gone", async () => (await Promise.all(all.map(gone))).every(Boolean));
    },
  };
}
