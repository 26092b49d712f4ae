// A real OpenAI-compatible server: llama.cpp's, with a model of random weights.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, test } from "node:test";

import { assertUnbroken, ended, eventsOf, textOf } from "../support/answer.js";
import { Child } from "../support/process.js";
import { Server } from "../support/server.js";
import { Live } from "../support/socket.js";
import { DEADLINE_MS, until } from "../support/wait.js";

const FOLDER = new URL("../llama-cpp/", import.meta.url).pathname;
const python = execFileSync(`${FOLDER}venv.sh`, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
const llama = new Child(python, [`${FOLDER}server.py`], process.env);
after(() => llama.end());
const url = await until("llama.cpp listens", () => {
  if (!llama.alive) throw new Error(`llama.cpp ended: ${llama.output}`);
  return /^(http:\S+)$/m.exec(llama.output)?.[1];
  // Right after it was installed, everything that it loads comes from the disk.
}, 4 * DEADLINE_MS);
const server = await Server.start({ after }, { COLLABRY_OPENAI_URL: `${url}/v1` });
const ada = await server.account("Ada");
const conversation = await ada.conversation(await ada.notebook());

test("its models are listed", async () => {
  const { providers } = await ada.get("/api/models");
  const { healthy, models } = providers.find((provider) => provider.provider === "openai");
  assert.deepEqual([healthy, models.map((model) => model.id)], [true, ["openai/random"]]);
});

test("its answer is streamed, and stored as it was streamed", async (t) => {
  const live = await Live.connect(t, ada);
  await live.join(conversation);
  const question = await live.send(conversation, "What do the sources say?", { model: "openai/random" });
  await ended(live, question.generationId);
  const answer = await ada.answer(conversation, question.id);
  const events = eventsOf(live, question.generationId);
  assertUnbroken(events);
  assert.equal(textOf(events), answer.content);
  assert.deepEqual([answer.status, answer.failure], ["complete", null]);
  assert.notEqual(answer.content, "");
});
