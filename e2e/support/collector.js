// A collector of traces that keeps what it is sent.

import { once } from "node:events";
import { createServer } from "node:http";

export class Collector {
  /** @type {Buffer[]} */
  #sent = [];

  /** One that ends with the test. @param {{ after(fn: () => unknown): void }} test */
  static async start(test) {
    const collector = new Collector();
    const server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.url === "/v1/traces") collector.#sent.push(Buffer.concat(chunks));
      response.end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    test.after(() => server.close());
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    collector.url = `http://127.0.0.1:${port}`;
    return collector;
  }

  /**
   * Whether a service has sent a span of a trace. Each request is of one service, and holds ids as they are.
   * @param {string} service @param {string} trace
   */
  has(service, trace) {
    const id = Buffer.from(trace, "hex");
    return this.#sent.some((sent) => sent.includes(service) && sent.includes(id));
  }
}
