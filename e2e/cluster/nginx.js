// nginx with the configuration that is shipped.

import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { isFree } from "../support/ports.js";
import { Service } from "./service.js";

const RENDER = resolve(import.meta.dirname, "../../nginx/render.sh");
/** The built web client. */
export const WEB_DIR = resolve(import.meta.dirname, "../../web/dist");

const run = promisify(execFile);

/**
 * Writes the configuration into a folder.
 * @param {string} folder @param {Record<string, string>} settings as in `nginx/render.sh`
 */
export async function render(folder, settings) {
  await run(RENDER, [folder], { env: { PATH: process.env.PATH, NGINX_USER: userInfo().username, ...settings } });
}

/** What `nginx -t` says of a folder; fails when it is not content. @param {string} folder */
export async function check(folder) {
  const { stderr } = await run("nginx", ["-t", "-p", folder, "-c", "nginx.conf"], {
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
  });
  return stderr;
}

export class Nginx extends Service {
  /**
   * @param {string} folder of its own
   * @param {number} port
   * @param {Record<string, string>} settings as in `nginx/render.sh`, without where to listen
   * @param {Partial<import("./service.js").Settings>} [service]
   */
  constructor(folder, port, settings, service = {}) {
    const url = `http://127.0.0.1:${port}`;
    super({
      name: "nginx",
      program: "nginx",
      args: ["-p", folder, "-c", "nginx.conf"],
      // Whoever has the port would answer in its place.
      before: async () => {
        if (!(await isFree(port))) throw new Error(`port ${port} is taken: end what listens there, or choose another one (COLLABRY_CLUSTER_PORT)`);
      },
      ready: () => fetch(`${url}/health`).then((answer) => answer.ok, () => false),
      ...service,
    });
    this.folder = folder;
    this.url = url;
    this.accessLog = join(folder, "access.log");
    this.render = {
      NGINX_WEB_DIR: WEB_DIR,
      NGINX_HTTP_LISTEN: `127.0.0.1:${port}`,
      NGINX_STATUS_LISTEN: `unix:${join(folder, "status.sock")}`,
      NGINX_ACCESS_LOG: this.accessLog,
      // All come from one address here.
      NGINX_CONNECTIONS_PER_ADDRESS: "60000",
      NGINX_REQUESTS_PER_SECOND: "60000",
      ...settings,
    };
  }

  async start() {
    await render(this.folder, this.render);
    await super.start();
  }

  /** Takes up other settings without an interruption. @param {Record<string, string>} settings */
  async reload(settings) {
    Object.assign(this.render, settings);
    await render(this.folder, this.render);
    await check(this.folder);
    this.signal("SIGHUP");
  }
}
