/**
 * The beginning of a trace: by its id the server's logs show what a request or event has caused. Nothing is recorded
 * here, and the server decides whether it records. Source: https://www.w3.org/TR/trace-context/
 */
export function traceparent(): string {
  return `00-${hex(16)}-${hex(8)}-00`;
}

function hex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
