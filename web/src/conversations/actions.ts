import { request } from "../realtime/socket";
import type { Message } from "../realtime/types";
import { selection } from "../sources/store";
import { deliver } from "./sending";

export async function editMessage({ conversationId, id: messageId }: Message, content: string): Promise<void> {
  deliver((await request("message:edit", { conversationId, messageId, content })).message);
}

/** Answers a question again, with the model and the sources that are chosen now. */
export async function regenerate({ conversationId, id: messageId }: Message, model: string | null): Promise<void> {
  const sourceIds = selection.peek();
  await request("message:regenerate", {
    conversationId,
    messageId,
    ...(model === null ? {} : { model }),
    ...(sourceIds === undefined ? {} : { sourceIds }),
  });
}
