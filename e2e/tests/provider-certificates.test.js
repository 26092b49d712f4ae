// Model servers behind https, with a certificate that this machine does not know.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import { test } from "node:test";

import { folder, certificate } from "../support/proxy.js";
import { Server } from "../support/server.js";

test("a certificate that is not trusted is told as one", async (t) => {
  const files = await certificate(await folder(t));
  const [cert, key] = await Promise.all([readFile(files.NGINX_CERTIFICATE), readFile(files.NGINX_CERTIFICATE_KEY)]);
  const https = createServer({ cert, key }, (_, response) => response.end('{"data":[{"id":"m"}]}'));
  t.after(() => https.close());
  await new Promise((listening) => https.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (https.address());
  const server = await Server.start(t, { COLLABRY_OPENAI_URL: `https://localhost:${port}/v1` });
  const { providers } = await (await server.account("Ada")).get("/api/models");
  const { healthy, problem } = providers.find(({ provider }) => provider === "openai");
  assert.equal(healthy, false);
  assert.match(problem, /^The certificate of the model server is not trusted\..*SSL_CERT_FILE/);
});
