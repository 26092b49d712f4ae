import type { ServerEvents } from "./types";

// A fake server for tests of the stores: tests decide when it responds and which events it emits.

const open: { what: string; answer: (body: unknown) => void }[] = [];
const handlers = new Map<string, Set<(payload: never) => void>>();
const connected = new Set<() => void>();

export function api(method: string, path: string): Promise<unknown> {
  return new Promise((answer) => open.push({ what: `${method} ${path}`, answer }));
}

export function on(name: string, handler: (payload: never) => void): () => void {
  const listening = handlers.get(name) ?? new Set();
  handlers.set(name, listening.add(handler));
  return () => listening.delete(handler);
}

export function onConnected(handler: () => void): () => void {
  connected.add(handler);
  return () => connected.delete(handler);
}

/** Connected from the start. */
export function whenLive(read: () => void): () => void {
  read();
  return onConnected(read);
}

export function connect(): void {
  for (const handler of connected) handler();
}

export function emit<Name extends keyof ServerEvents>(name: Name, payload: ServerEvents[Name]): void {
  for (const handler of handlers.get(name) ?? []) handler(payload as never);
}

/** The pending requests, oldest first, once the page is idle. */
export async function asked(): Promise<string[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return open.map(({ what }) => what);
}

/** Answers the oldest pending request of this kind, and lets the page process the answer. */
export async function answer(what: string, body: unknown): Promise<void> {
  const index = (await asked()).indexOf(what);
  if (index < 0) throw new Error(`There is no request ${what}, only ${open.map((one) => one.what).join(", ") || "nothing"}.`);
  open.splice(index, 1)[0]?.answer(body);
  await asked();
}
