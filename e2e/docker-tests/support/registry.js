// A registry of images on a port of its own.

import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { freePort } from "../../support/ports.js";
import { Child } from "../../support/process.js";
import { until } from "../../support/wait.js";

const SCRIPT = resolve(import.meta.dirname, "../../../scripts/registry.sh");

/** Starts one that ends with the test; its address. @param {{ after(fn: () => unknown): void }} test @param {string} folder */
export async function registry(test, folder) {
  const { stdout } = await promisify(execFile)(SCRIPT);
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "registry.json");
  // JSON is YAML.
  const storage = { filesystem: { rootdirectory: join(folder, "registry") } };
  await writeFile(config, JSON.stringify({ version: 0.1, storage, http: { addr: address } }));
  const child = new Child(stdout.trim(), ["serve", config], { PATH: process.env.PATH });
  test.after(() => child.destroy());
  await until("the registry answers", () => {
    if (!child.alive) throw new Error(child.output);
    return fetch(`http://${address}/v2/`).then(({ ok }) => ok, () => false);
  });
  return address;
}
