// Text to ingest and ask about: English in its word lengths and repetition, the same in every run.

const NOUNS = `cell membrane river valley engine pressure market price enzyme protein signal current theory method
  surface crystal energy system water plant animal region history language memory network matrix function layer school
  teacher student lecture summary question answer experiment measurement temperature reaction product element mixture
  structure process pattern record archive treaty harvest machine circuit sensor voltage boundary gradient sequence
  culture tissue organ nerve muscle climate season ocean sediment mineral glacier orbit planet galaxy telescope`.split(/\s+/);
const ADJECTIVES = `stable rapid slow early late dense thin warm cold local global steady hidden common rare simple complex
  linear random heavy light inner outer ancient modern public private narrow broad gradual sudden neutral`.split(/\s+/);
const VERBS = `controls limits changes supports follows replaces measures carries releases absorbs describes predicts
  reduces increases connects divides protects explains precedes requires`.split(/\s+/);
const PLACES = `in the laboratory|during the second phase|under normal conditions|at the edge of the field|in most textbooks|
  after a short delay|over several decades|near the equator|at low pressure|for the whole population`.split(/\|\s*/);
const SYLLABLES = "ka lo ve ri tan mos del fi gar nu pe sol ti bra qui zen".split(" ");

const CHARS_PER_LINE = 84;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). @param {number} seed */
function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A writer of pages, each about a term of its own. */
export class Author {
  #next;
  /** The terms that were written about, in order. @type {string[]} */
  terms = [];

  /** @param {number} seed */
  constructor(seed) {
    this.#next = numbers(seed);
  }

  /** Few words are frequent and most are rare, as in real text. @template T @param {T[]} list @returns {T} */
  #pick(list) {
    return list[Math.floor(list.length * this.#next() ** 2)];
  }

  #term() {
    const syllables = Array.from({ length: 4 }, () => SYLLABLES[Math.floor(SYLLABLES.length * this.#next())]);
    const term = syllables.join("");
    this.terms.push(term);
    return term;
  }

  /** @param {string} term */
  #sentence(term) {
    const subject = this.#next() < 0.3 ? term : `${this.#pick(ADJECTIVES)} ${this.#pick(NOUNS)}`;
    const object = `the ${this.#pick(ADJECTIVES)} ${this.#pick(NOUNS)} of the ${this.#pick(NOUNS)}`;
    const end = this.#next() < 0.5 ? `, and the ${this.#pick(NOUNS)} ${this.#pick(VERBS)} it ${this.#pick(PLACES)}` : "";
    return `The ${subject} ${this.#pick(VERBS)} ${object}${end}.`;
  }

  /** One page as lines. @param {number} words */
  page(words) {
    const term = this.#term();
    const text = [`Notes on ${term}.`];
    for (let count = 0; count < words; ) {
      const sentence = this.#sentence(term);
      text.push(sentence);
      count += sentence.split(" ").length;
    }
    return lines(text.join(" "));
  }

  /** @param {number} count @param {number} words on each */
  pages(count, words) {
    return Array.from({ length: count }, () => this.page(words));
  }

  /** A question that some page answers. */
  question() {
    const term = this.terms[Math.floor(this.terms.length * this.#next())];
    return `What does ${term} do to the ${this.#pick(NOUNS)} of the ${this.#pick(NOUNS)}?`;
  }
}

/** @param {string} text */
function lines(text) {
  const out = [""];
  for (const word of text.split(" ")) {
    const line = `${out.at(-1)} ${word}`.trim();
    if (line.length > CHARS_PER_LINE) out.push(word);
    else out[out.length - 1] = line;
  }
  return out;
}
