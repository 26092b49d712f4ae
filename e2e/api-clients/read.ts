// Compiled against a generated client: what the document names is what there is.
import { askNotebook, listMessages, listNotifications, listSources } from "./collabry";
import { client } from "./collabry/client.gen";

client.setConfig({ baseUrl: "http://127.0.0.1:5000", auth: () => "token" });

export async function read(notebookId: string): Promise<string[]> {
  const lines: string[] = [];
  const { data: answered } = await askNotebook({ path: { notebookId }, body: { question: "Why?" }, throwOnError: true });
  if (typeof answered !== "object" || !("conversationId" in answered)) return lines;
  for (const { number, sourceName } of answered.answer?.citations ?? []) lines.push(`[${number}] ${sourceName}`);
  const { data: page } = await listMessages({ path: { conversationId: answered.conversationId }, throwOnError: true });
  for (const { author } of page.messages) lines.push(author.kind === "user" ? author.userId : author.model);
  const { data: sources } = await listSources({ path: { notebookId }, throwOnError: true });
  for (const { latest } of sources.sources) if (latest.state.step === "failed") lines.push(latest.state.code);
  const { data: notifications } = await listNotifications({ throwOnError: true });
  for (const { about } of notifications.notifications) if (about.kind === "sourceFailed") lines.push(about.sourceName);
  return lines;
}
