import { useEffect, useState } from "preact/hooks";
import { api } from "../http/client";
import { models } from "../models/store";
import type { Page, Source } from "../realtime/types";

/** For models, which understand what is asked. */
const GENERAL = ["What are the main points?", "Explain the most difficult idea in simple terms."];
const OF_SEVERAL = "What do the sources disagree about?";
const MOST = 3;
const [SHORTEST, LONGEST] = [6, 60];
/** So many are quoted where a text has no title of its own. */
const MANY_WORDS = 8;
const HEADING = /^#{1,6}[ \t]+(.+)$/gm;

const ROW = /^.* \| .*$/gm;

/** A version of a source never changes: its topics are read once. */
const known = new Map<string, Promise<string[]>>();

function topicsIn(source: string): Promise<string[]> {
  const topics = known.get(source) ?? api<Page>("GET", `/api/sources/${source}/pages/1`).then(({ text }) => topicsOf(text));
  known.set(source, topics);
  return topics.catch(() => {
    known.delete(source);
    return [];
  });
}

/** Questions that the chosen model can answer. The built-in answerer quotes, so its questions must use words of the sources. */
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
  return quotes ? found : generalQuestions(ready.length);
}

export function generalQuestions(sources: number): string[] {
  return sources > 1 ? [...GENERAL, OF_SEVERAL] : GENERAL;
}

/** From each source in turn. */
export function questionsOn(topics: readonly (readonly string[])[]): string[] {
  const inTurn = Array.from({ length: MOST }, (_, round) => topics.flatMap((some) => some[round] ?? [])).flat();
  return [...new Set(inTurn)].slice(0, MOST).map((topic) => `What about ${topic}?`);
}

/** The topics of a text: its headings with content, or else the beginning of its first sentence. */
export function topicsOf(text: string): string[] {
  const titles = [...text.matchAll(HEADING)].map(([, title = ""]) => plain(title));
  // A row of a table is nothing that anyone would ask about as it stands.
  const body = text.replaceAll(HEADING, "\n").replaceAll(ROW, "\n");
  const lines = body.split("\n").map(plain).filter((line) => line.includes(" "));
  const first = lines.find((line) => fits(line) && !/[.,:;]$/.test(line));
  const topics = (titles.length > 0 ? titles : [first ?? ""]).filter((title) => fits(title) && isMentioned(title, sentencesOf(body)));
  if (topics.length > 0) return topics;
  const words = (sentencesOf(body).find((sentence) => sentence.split(" ").length > MANY_WORDS) ?? "").split(" ").slice(0, MANY_WORDS).join(" ");
  return fits(words) ? [`“${words}”`] : [];
}

/** Whether there is a sentence to quote: a heading over other words would be answered with "I couldn't find anything". */
function isMentioned(title: string, sentences: readonly string[]): boolean {
  // Endings differ, and short words are in every sentence.
  const stems = (title.toLocaleLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).map((word) => word.slice(0, Math.max(4, word.length - 2)));
  return stems.length > 0 && sentences.some((sentence) => stems.every((stem) => sentence.toLocaleLowerCase().includes(stem)));
}

/** Those of running text: a line that ends without a full stop goes on in the next one, unless an empty line or an item follows. */
function sentencesOf(body: string): string[] {
  return body
    .split(/\n[ \t]*(?=\n|[-*+|]|\d+[.)])/)
    .flatMap((block) => plain(block.replaceAll("\n", " ")).replace(/([.!?。！？])\s+/g, "$1\n").split("\n"))
    .map((sentence) => sentence.replace(/^[-+][ \t]+/, "").replace(/\s+/g, " ").replace(/[.!?]$/, "").trim())
    .filter((sentence) => sentence.split(" ").length > 3);
}

const fits = (text: string) => text.length >= SHORTEST && text.length <= LONGEST;
const plain = (markdown: string) => markdown.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[*_`#|>]/g, "").trim();
