// Sources, read as a reader would.

import assert from "node:assert/strict";

/**
 * The whole text of a source's first version, put together from its pages.
 * @param {import("./account.js").Account} account @param {string} sourceId
 */
export async function textOfSource(account, sourceId) {
  let text = "";
  for (let number = 1; ; number += 1) {
    const page = await account.get(`/api/sources/${sourceId}/versions/1/pages/${number}`);
    assert.equal(page.number, number);
    const length = [...text].length;
    assert.ok(page.start >= length, "pages do not overlap");
    text += "\n".repeat(page.start - length) + page.text;
    if (!page.hasNext) return text;
  }
}
