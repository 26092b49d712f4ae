// A web site with one page, which can be out of order.

import { createServer } from "node:http";

export class Site {
  /** The status of its answers. */
  status = 200;
  /** @type {import("node:http").Server} */
  #server;

  /** Starts one that ends with the test. @param {{ after(fn: () => unknown): void }} test @param {string} html */
  static async start(test, html) {
    const site = new Site();
    site.#server = createServer((_, answer) => {
      answer.writeHead(site.status, { "content-type": "text/html; charset=utf-8" }).end(html);
    });
    await new Promise((listening) => site.#server.listen(0, "127.0.0.1", () => listening(undefined)));
    test.after(() => {
      site.#server.closeAllConnections();
      site.#server.close();
    });
    return site;
  }

  get url() {
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}/page`;
  }
}
