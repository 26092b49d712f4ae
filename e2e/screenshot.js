// Takes docs/screenshot.png: two people, three sources, an answer and the passage that it cites.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";

import { launch, open } from "./support/browser.js";
import { MITOSIS_PAGES, pdf } from "./support/documents.js";
import { signIn } from "./support/page.js";
import { Server } from "./support/server.js";
import { Live } from "./support/socket.js";

const ROOT = resolve(import.meta.dirname, "..");
const ENDINGS = [];
const script = { after: (fn) => ENDINGS.unshift(fn) };

try {
  const server = await Server.start(script);
  const [ada, grace] = [await server.account("Ada"), await server.account("Grace")];
  const notebook = await ada.notebook("Biology, second term");
  await ada.invite(notebook, grace);
  for (const name of ["photosynthesis.md", "minutes.md"]) {
    const text = await readFile(`${ROOT}/standalone/src/demo/${name}`);
    await ada.ready((await ada.upload(notebook, name, text)).id);
  }
  await ada.ready((await ada.upload(notebook, "mitosis.pdf", pdf(MITOSIS_PAGES))).id);
  const [adas, graces] = [await Live.connect(script, ada), await Live.connect(script, grace)];
  const earlier = await ada.conversation(notebook, { title: "Next meeting" });
  await ask(ada, adas, earlier, "Who presents the chapter on the Calvin cycle?");
  const conversation = await ada.conversation(notebook, { title: "The two stages" });
  await ask(ada, adas, conversation, "Why are leaves green?");
  await graces.send(conversation, "I keep mixing up the two stages.", { ask: false });
  await ask(ada, adas, conversation, "Where do the light-dependent reactions happen?");

  const { page } = await open(await launch(script));
  await page.goto(server.url);
  await signIn(page, ada.user.email);
  await page.getByRole("link", { name: /Biology/ }).click();
  await page.getByRole("link", { name: "The two stages" }).click();
  await page.getByTestId("answer").nth(1).getByRole("button", { name: /^Open citation/ }).first().click();
  await page.getByTestId("passage").first().waitFor();
  await page.screenshot({ path: `${ROOT}/docs/screenshot.png`, animations: "disabled" });
} finally {
  for (const end of ENDINGS) await end();
}

/** Asks and waits for the answer. */
async function ask(reader, live, conversation, content) {
  const question = await live.send(conversation, content);
  await reader.answer(conversation, question.id);
}
