// The OpenAPI document of a real server, by the rules that two common linters recommend.

import assert from "node:assert/strict";
import { test } from "node:test";

import { BaseResolver, createConfig, lintDocument, makeDocumentFromString } from "@redocly/openapi-core";
import spectral from "@stoplight/spectral-core";
import rulesets from "@stoplight/spectral-rulesets";

import { Server } from "../support/server.js";

/** @param {import("node:test").TestContext} t */
async function served(t) {
  const server = await Server.start(t);
  return (await fetch(`${server.url}/api/openapi.json`)).text();
}

test("redocly, recommended: no error and no warning", async (t) => {
  const document = makeDocumentFromString(await served(t), "openapi.json");
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintDocument({ document, config, externalRefResolver: new BaseResolver() });
  assert.deepEqual(problems.map(({ severity, ruleId, message, location }) => `${severity} ${ruleId} ${location[0].pointer} ${message}`), []);
});

test("spectral, oas: no error and no warning", async (t) => {
  const linter = new spectral.Spectral();
  linter.setRuleset({ extends: [[rulesets.oas, "recommended"]] });
  const problems = await linter.run(await served(t));
  assert.deepEqual(problems.map(({ code, message, path }) => `${code} ${path.join("/")} ${message}`), []);
});
