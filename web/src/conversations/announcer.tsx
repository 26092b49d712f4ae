import { useEffect, useRef, useState } from "preact/hooks";
import { me } from "../auth/session";
import type { Message } from "../realtime/types";
import type { View } from "./open";

const MAX_CHARS = 600;

function spoken({ status, content, failure }: Message): string {
  if (status === "failed") return failure?.message ?? "Couldn’t generate an answer.";
  const text = content.trim() === "" ? "" : `Answer: ${content.slice(0, MAX_CHARS)} `;
  if (status === "stopped") return `${text}Stopped. The answer is incomplete.`;
  return status === "interrupted" ? `${text}The answer is incomplete.` : text.trim();
}

/** Tells a screen reader what others say, that an answer has begun, and what it is once it is complete: not each piece of the stream. */
export function Announcer({ view }: { view: View }) {
  const [text, setText] = useState("");
  const running = useRef(new Set<string>());
  // `null` until what was there already is on the screen: that is read, not announced.
  const heard = useRef<number | null>(null);
  useEffect(() => {
    const now = new Set(view.running.map(({ stream }) => stream.id));
    const begun = [...now].some((id) => !running.current.has(id));
    const ended = [...running.current].filter((id) => !now.has(id));
    running.current = now;
    const fresh = heard.current === null ? [] : view.newest.filter(({ position }) => position > (heard.current ?? 0));
    if (view.loaded) heard.current = Math.max(heard.current ?? 0, view.newest.at(-1)?.position ?? 0);
    const answer = view.newest.findLast(({ generationId, replyTo }) => replyTo !== null && ended.includes(generationId ?? ""));
    const said = [...fresh.flatMap(saidByOthers), ...(answer === undefined ? [] : [spoken(answer)])];
    if (said.length > 0) setText(said.join("\n"));
    else if (begun) setText("An answer is being written.");
  }, [view]);
  return <p class="visually-hidden" role="status" data-testid="announcer">{text}</p>;
}

function saidByOthers({ author, content, deletedAt }: Message): string[] {
  if (author.kind !== "user" || author.userId === me.peek()?.id || deletedAt !== null) return [];
  return [`${author.name}: ${content.slice(0, MAX_CHARS)}`];
}
