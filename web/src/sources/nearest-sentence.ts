const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });
const SENTENCES = new Intl.Segmenter(undefined, { granularity: "sentence" });
/** So much of a sentence's words, or of the claim's, has to be the same. */
const ENOUGH = 0.4;

/**
 * The sentence of a passage that is nearest to what an answer says, as offsets in code points; `null` when none is near, or
 * when it is all of the passage.
 */
export function nearestSentence(passage: string, claim: string): { start: number; end: number } | null {
  const wanted = wordsOf(claim);
  if (wanted.size === 0) return null;
  let best: { segment: string; index: number; score: number } | null = null;
  for (const { segment, index } of sentencesOf(passage)) {
    const words = wordsOf(segment);
    const shared = [...words].filter((word) => wanted.has(word)).length;
    const score = shared / Math.max(1, Math.min(words.size, wanted.size)) * Math.min(1, words.size / 4);
    if (score > (best?.score ?? ENOUGH)) best = { segment, index, score };
  }
  if (best === null || best.segment.trim() === passage.trim()) return null;
  const leading = best.segment.length - best.segment.trimStart().length;
  const start = codePoints(passage.slice(0, best.index + leading));
  return { start, end: start + codePoints(best.segment.trim()) };
}

/** A line break within a paragraph ends no sentence; an empty line, and the end of a list's item or a row, does. */
function* sentencesOf(passage: string): Generator<{ segment: string; index: number }> {
  for (const block of passage.matchAll(/(?:(?!\n\s*\n|\n[ \t]*(?:[-*|#•]|\d+[.)]\s))[\s\S])+/g)) {
    for (const { segment, index } of SENTENCES.segment(block[0].replaceAll("\n", " "))) yield { segment, index: block.index + index };
  }
}

function wordsOf(text: string): Set<string> {
  const words = [...WORDS.segment(text)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment.toLowerCase());
  return new Set(words);
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
