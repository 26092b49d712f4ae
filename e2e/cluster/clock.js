// The clock of one process, set wrong: libfaketime answers it instead of the kernel.

import { access } from "node:fs/promises";

const LIBRARY = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketime.so.1`;

/**
 * Starts a process again with a clock that is wrong by so much; what measures durations stays right, as it does on a
 * machine whose clock was set wrong.
 * @param {import("./service.js").Service} service @param {number} seconds
 */
export async function restartWithClock(service, seconds) {
  await access(LIBRARY);
  const right = service.settings.env;
  service.settings.env = { ...right, LD_PRELOAD: LIBRARY, FAKETIME: `${seconds < 0 ? "-" : "+"}${Math.abs(seconds)}s`, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
  await service.restart();
  service.settings.env = right;
}
