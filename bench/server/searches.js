// Whole search requests, one after the other.

/**
 * @param {import("./report.js").Report} report
 * @param {{ owner: import("../../e2e/support/account.js").Account, notebook: string, author: any }} world
 * @param {number} count
 */
export async function searches(report, { owner, notebook, author }, count) {
  report.progress(`${count} searches`);
  const search = () => owner.post(`/api/notebooks/${notebook}/search`, { query: author.question() });
  const { hits } = await search();
  if (hits.length === 0) throw new Error("a search found nothing");
  const times = [];
  for (let n = 0; n < count; n += 1) {
    const begun = performance.now();
    await search();
    times.push(performance.now() - begun);
  }
  report.durations("search request", times);
}
