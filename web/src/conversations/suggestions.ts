import { useEffect, useState } from "preact/hooks";
import { api } from "../http/client";
import { models } from "../models/store";
import type { Source } from "../realtime/types";

/** For models, which understand what is asked. */
const GENERAL = ["What are the main points?", "Explain the most difficult idea in simple terms.", "What do the sources disagree about?"];
const MOST = 3;
const [SHORTEST, LONGEST] = [6, 60];

/** A version of a source never changes: its topics are read once. */
const known = new Map<string, Promise<string[]>>();

function topicsIn(source: string): Promise<string[]> {
  const topics = known.get(source) ?? api<{ text: string }>("GET", `/api/sources/${source}/pages/1`).then(({ text }) => topicsOf(text));
  known.set(source, topics);
  return topics.catch(() => {
    known.delete(source);
    return [];
  });
}

/** Questions that whoever answers can answer. The built-in answerer quotes: it has to be asked for words of the sources. */
export function useSuggestions(model: string | null, ready: readonly Source[]): readonly string[] {
  const answers = model ?? models.value?.defaultModel;
  const quotes = answers?.startsWith("builtin/") ?? false;
  const [found, setFound] = useState<readonly string[]>([]);
  const key = quotes ? ready.slice(0, MOST).map(({ id, readyVersion }) => `${id}/versions/${readyVersion}`).join(" ") : "";
  useEffect(() => {
    if (key === "") return undefined;
    let wanted = true;
    void Promise.all(key.split(" ").map(topicsIn)).then((topics) => {
      if (wanted) setFound(questionsOn(topics));
    });
    return () => {
      wanted = false;
    };
  }, [key]);
  if (answers === undefined) return [];
  return quotes ? found : GENERAL;
}

/** From each source in turn. */
export function questionsOn(topics: readonly (readonly string[])[]): string[] {
  const inTurn = Array.from({ length: MOST }, (_, round) => topics.flatMap((some) => some[round] ?? [])).flat();
  return [...new Set(inTurn)].slice(0, MOST).map((topic) => `What about ${topic}?`);
}

/** What a text is about: its headings, or else how its first sentences begin. */
export function topicsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#{1,6}[ \t]+(.+)$/gm)].map(([, title = ""]) => plain(title)).filter(fits);
  if (headings.length > 0) return headings;
  const lines = text.split("\n").map(plain).filter((line) => line.includes(" "));
  const title = lines.find((line) => fits(line) && !/[.,:;]$/.test(line));
  if (title !== undefined) return [title];
  const sentence = lines[0]?.split(/[.!?](?:\s|$)/)[0] ?? "";
  const words = sentence.split(/\s+/).slice(0, 8).join(" ");
  return fits(words) ? [`“${words}”`] : [];
}

const fits = (text: string) => text.length >= SHORTEST && text.length <= LONGEST;
const plain = (markdown: string) => markdown.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[*_`#|>]/g, "").trim();
