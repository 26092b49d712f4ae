const REFERENCE = /(?:\[\^?|【)([\d,\s–-]+)(?:†[^】]*)?(?:\]|】)/g;

/** What an answer says where it refers to a citation for the `nth` time: the text before, up to the sentence's beginning. */
export function claimOf(content: string, number: number, nth = 0): string {
  const places = [...content.matchAll(REFERENCE)].filter((match) => (match[1] ?? "").match(/\d+/g)?.map(Number).includes(number));
  const place = places[nth] ?? places[0];
  if (place === undefined) return "";
  // References stand behind the full stop as often as before it.
  const before = content.slice(0, place.index).replace(REFERENCE, "").trimEnd().replace(/[.!?。！？]+["”»)]?$/, "");
  const from = Math.max(...[". ", "! ", "? ", "。", "！", "？", "\n"].map((end) => before.lastIndexOf(end) + 1));
  return before.slice(from).trim();
}
