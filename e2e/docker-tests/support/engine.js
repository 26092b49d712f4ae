// The Docker engine as a process, when scripts/docker-engine.sh has started it.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";

const SCRIPT = resolve(import.meta.dirname, "../../../scripts/docker-engine.sh");
const run = promisify(execFile);

/** Starts an engine, unless one answers. Prints its process id when it is ours. */
export async function startEngine() {
  const { stdout } = await run(SCRIPT, ["start"]);
  return Number(stdout) || undefined;
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
      for (const each of [pid, ...containerd, ...containers]) process.kill(each, "SIGKILL");
    },
  };
}
