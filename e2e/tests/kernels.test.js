// Embedding multiplies with the instructions that the processor has, also one that is newer than the OpenBLAS here.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { Server } from "../support/server.js";

/** What the log of a server says of its kernels. */
function kernels(/** @type {Server} */ server) {
  const said = /"the embedding model is loaded","kernels":"(\w+)"/.exec(server.output);
  assert.ok(said, server.output);
  return said[1];
}

test("the kernels are not those of a processor without AVX", async (t) => {
  const flags = /^flags\s*:.*$/m.exec(await readFile("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  if (!flags.includes(" avx2 ")) return t.skip("this processor has no AVX2");
  assert.notEqual(kernels(await Server.start(t)), "Prescott");
});

test("whoever names a processor gets its kernels", { skip: process.arch !== "x64" && "the name is of an x86-64" }, async (t) => {
  assert.equal(kernels(await Server.start(t, { OPENBLAS_CORETYPE: "Prescott" })), "Prescott");
});
