// Versions made from another one: a good one that differs in nothing but its number, and bad ones.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { docker } from "./docker.js";
import { ROLES } from "./stack.js";

/**
 * What is wrong with a version: its image of one role starts through this script, which is called as the program would be.
 * All of them pass the pre-flight, which a program that is broken may well do.
 * @type {Record<string, { role: string, script: string, says: RegExp }>}
 */
export const BAD = {
  crashes: {
    role: "api",
    script: '[ "$1" != serve ] || { echo "thread main panicked"; exit 101; }',
    says: /exited instead of serving \(exit code 101\)/,
  },
  "never-ready": { role: "api", script: '[ "$1" != serve ] || exec sleep 1000', says: /is not ready after 30 s/ },
  "fails-smoke": {
    // It looks for uploaded files where none are.
    role: "ai-engine",
    script: '[ "$1" != serve ] || export COLLABRY_BLOBS_URL=file:///tmp/elsewhere',
    says: /the smoke test's source was not read/,
  },
  "bad-configuration": {
    role: "worker",
    script: '[ "$1" != serve ] || export COLLABRY_RETENTION_DAYS=many',
    says: /rejected its configuration \(exit code 64\)/,
  },
};

/** @param {string} version @param {string} from */
export async function newVersion(version, from) {
  for (const role of ROLES) await derive(role, from, version, `LABEL org.opencontainers.image.version=${version}`);
}

/** @param {string} version one of `BAD` @param {string} from */
export async function badVersion(version, from) {
  await newVersion(version, from);
  const { role, script } = BAD[version];
  const program = `collabry-${role}`;
  const lines = [
    "USER root",
    `RUN printf '%s\\n' '#!/bin/sh' '${script}' 'exec /usr/local/bin/${program} "$@"' >/bad && chmod 755 /bad`,
    "USER 10001:10001",
    'ENTRYPOINT ["/bad"]',
    'CMD ["serve"]',
  ];
  await derive(role, from, version, lines.join("\n"));
}

async function derive(role, from, to, lines) {
  const folder = await mkdtemp(join(tmpdir(), "collabry-image-"));
  try {
    await writeFile(join(folder, "Dockerfile"), `FROM collabry/${role}:${from}\n${lines}\n`);
    await docker("build", "-q", "-t", `collabry/${role}:${to}`, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
