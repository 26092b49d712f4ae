// One cluster in a folder at a time.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Exit code of `flock` when somebody else has it. */
const HELD = 75;

/**
 * Takes the folder until this process ends, however it ends.
 * @param {string} folder which exists
 */
export async function take(folder) {
  // It holds the lock as long as we hold its standard input.
  const holder = spawn("flock", ["--nonblock", "--conflict-exit-code", String(HELD), join(folder, "lock"), "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Ctrl-C is for us; this goes last.
    detached: true,
  });
  const ended = once(holder, "exit").then(([code]) => {
    if (code === HELD) throw new Error(`another cluster uses ${folder}: end it, or choose another folder (COLLABRY_CLUSTER_DIR)`);
    throw new Error(`${folder} cannot be locked (flock ended with ${code})`);
  });
  ended.catch(() => undefined);
  await Promise.race([once(holder.stdout, "data"), ended]);
  for (const part of [holder, holder.stdin, holder.stdout]) part.unref();
}
