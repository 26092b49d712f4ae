import { useEffect, useRef, useState } from "preact/hooks";
import type { Message } from "../realtime/types";
import type { View } from "./open";

const MAX_CHARS = 600;

function spoken({ status, content }: Message): string {
  const text = content.trim() === "" ? "" : `Answer: ${content.slice(0, MAX_CHARS)} `;
  if (status === "stopped") return `${text}Stopped. The answer is incomplete.`;
  return status === "interrupted" ? `${text}The answer is incomplete.` : text.trim();
}

/** Tells a screen reader that an answer has begun, and reads it once it is complete: not each piece of the stream. */
export function Announcer({ view }: { view: View }) {
  const [text, setText] = useState("");
  const running = useRef(new Set<string>());
  useEffect(() => {
    const now = new Set(view.running.map(({ stream }) => stream.id));
    const begun = [...now].some((id) => !running.current.has(id));
    const ended = [...running.current].filter((id) => !now.has(id));
    running.current = now;
    const answer = view.messages.findLast(({ generationId, replyTo }) => replyTo !== null && ended.includes(generationId ?? ""));
    if (answer?.status === "failed") setText(answer.failure?.message ?? "Couldn’t generate an answer.");
    else if (answer !== undefined) setText(spoken(answer));
    else if (begun) setText("An answer is being written.");
  }, [view]);
  return <p class="visually-hidden" role="status" data-testid="announcer">{text}</p>;
}
