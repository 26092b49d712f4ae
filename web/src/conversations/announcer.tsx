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

/** Announces to screen readers what others write, that an answer has started, and the complete answer, but not each piece of the stream. */
export function Announcer({ view }: { view: View }) {
  const [text, setText] = useState("");
  const running = useRef(new Set<string>());
  // `null` until the existing messages are on the screen: those are read, not announced.
  const announced = useRef<number | null>(null);
  useEffect(() => {
    const now = new Set(view.running.map(({ stream }) => stream.id));
    const started = [...now].some((id) => !running.current.has(id));
    const ended = [...running.current].filter((id) => !now.has(id));
    running.current = now;
    const fresh = announced.current === null ? [] : view.newest.filter(({ position }) => position > (announced.current ?? 0));
    if (view.loaded) announced.current = Math.max(announced.current ?? 0, view.newest.at(-1)?.position ?? 0);
    const answer = view.newest.findLast(({ generationId, replyTo }) => replyTo !== null && ended.includes(generationId ?? ""));
    const lines = [...fresh.flatMap(linesOfOthers), ...(answer === undefined ? [] : [spoken(answer)])];
    if (lines.length > 0) setText(lines.join("\n"));
    else if (started) setText("An answer is being written.");
  }, [view]);
  return <p class="visually-hidden" role="status" data-testid="announcer">{text}</p>;
}

function linesOfOthers({ author, content, deletedAt }: Message): string[] {
  if (author.kind !== "user" || author.userId === me.peek()?.id || deletedAt !== null) return [];
  return [`${author.name}: ${content.slice(0, MAX_CHARS)}`];
}
