// Citations, followed as a reader would follow them.

import assert from "node:assert/strict";

/**
 * Reads the pages that a citation points to, and checks that they say what it says.
 * @param {import("./account.js").Account} account
 * @param {any} citation
 */
export async function assertResolves(account, { sourceId, version, page: first, start, end, text }) {
  assert.ok(start < end, "a passage has a length");
  /** The document around the passage: its code points by offset. */
  const points = [];
  let number = first;
  do {
    const page = await account.get(`/api/sources/${sourceId}/versions/${version}/pages/${number}`);
    assert.equal(page.number, number);
    if (number === first) assert.ok(page.start <= start, "the passage begins on its page");
    [...page.text].forEach((point, index) => (points[page.start + index] = point));
    number += 1;
  } while (points.length < end);
  assert.equal(points.slice(start, end).join(""), text);
}

/** The numbers that a text refers to as `[n]`. @param {string} text */
export const references = (text) => new Set([...text.matchAll(/\[(\d+)\]/g)].map((match) => Number(match[1])));
