// Writes the types of what the server sends and reads, from its document: `npm run types`. With `--check` it only says
// whether they are current.

import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const DOCUMENT = new URL("../docs/openapi.json", import.meta.url);
/** Fields that a server of the version before does not send, while both are at work. */
const NEW = {
  Conversation: ["lastMessageAt"],
  Message: ["asked", "cutOff", "supersededBy"],
  PageView: ["notRead"],
  ReadConversation: ["lastMessageAt", "readRev"],
  "conversation:activity": ["lastMessageAt"],
};

/** Which type names which says itself. */
const REFERRED = /(?: \*\n)? \* This interface was referenced by .*\n \* via the `definition` ".*"\.\n/g;
const TYPES = new URL("src/realtime/generated.ts", import.meta.url);

const document = JSON.parse(await readFile(DOCUMENT, "utf8"), movedReference);
const compiled = await compile(contract(), "Contract", {
  additionalProperties: false,
  bannerComment: "/** From docs/openapi.json: `npm run types`. */",
  style: { printWidth: 120 },
  unreachableDefinitions: true,
});
const fresh = compiled.replace(REFERRED, "").replaceAll("/**\n */\n", "");
if (!process.argv.includes("--check")) {
  await writeFile(TYPES, fresh);
} else if (fresh !== (await readFile(TYPES, "utf8").catch(() => ""))) {
  console.error("src/realtime/generated.ts is out of date: npm run types");
  process.exitCode = 1;
}

/** All schemas of the document as one. */
function contract() {
  const schemas = lenient(document.components.schemas);
  const events = object(lenient(document["x-socket-events"]));
  const requests = object(mapped(document["x-socket-requests"], object));
  return {
    ...object({ events: reference("ServerEvents"), requests: reference("Requests"), refusal: reference("Refusal") }),
    definitions: { ...schemas, ServerEvents: events, Requests: requests, Refusal: document["x-socket-refusal"] },
  };
}

function lenient(schemas) {
  const without = (name, schema) => ({ ...schema, required: schema.required.filter((field) => !NEW[name].includes(field)) });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, name in NEW ? without(name, schema) : schema]));
}

/** Without what is said beside it: it would become a type of its own. */
function movedReference(_key, value) {
  return typeof value?.$ref === "string" ? reference(value.$ref.split("/").at(-1)) : value;
}

function reference(name) {
  return { $ref: `#/definitions/${name}` };
}

function object(properties) {
  return { type: "object", required: Object.keys(properties), properties };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}
