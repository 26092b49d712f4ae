/** Whether an address can mean anything to the server: all of its ids are of this form. */
export function isId(text: string): boolean {
  return /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(text);
}

/** An id in the server's spelling, however the address spells it, so that loaded data can be looked up by it. */
export function canonicalId(text: string): string {
  const parts = /^([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})$/i.exec(text);
  return parts === null ? text : parts.slice(1).join("-").toLowerCase();
}
