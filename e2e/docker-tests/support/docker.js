// The Docker engine, asked over its command line.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What `docker ARGUMENT…` prints. @param {...string} args */
export async function docker(...args) {
  const { stdout } = await run("docker", args, { maxBuffer: 64 << 20 });
  return stdout.trim();
}

/** @param {...string} args */
export async function lines(...args) {
  return (await docker(...args)).split("\n").filter((line) => line !== "");
}

/** What `docker inspect` says of containers or images. @param {...string} ids @returns {Promise<any[]>} */
export async function inspect(...ids) {
  return ids.length === 0 ? [] : JSON.parse(await docker("inspect", ...ids));
}
