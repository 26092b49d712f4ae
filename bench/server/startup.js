// From the start of the process until it is ready.

/**
 * Ends the server in order and starts it again, several times. Readiness is asked for every 25 ms.
 * @param {import("./report.js").Report} report @param {import("../../e2e/support/server.js").Server} server
 * @param {number} times
 */
export async function restarts(report, server, times) {
  report.progress(`${times} restarts`);
  const durations = [];
  for (let n = 0; n < times; n += 1) {
    server.signal("SIGTERM");
    const { code } = await server.ended;
    if (code !== 0) throw new Error(`the server ended with ${code}:\n${server.output}`);
    const begun = performance.now();
    await server.run();
    durations.push(performance.now() - begun);
  }
  report.durations("start of the process until ready, with data", durations);
}
