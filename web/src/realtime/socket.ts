import { signal } from "@preact/signals";
import { io, type Socket } from "socket.io-client";
import { accessToken, renewToken } from "../auth/session";
import { forPeople, Problem } from "../http/problem";
import { traceparent } from "../http/trace";
import type { Refusal, Requests, ServerEvents } from "./types";

type Ack<T> = ({ ok: true } & T) | { ok: false; error: Refusal };

type Handler<Name extends keyof ServerEvents> = (payload: ServerEvents[Name]) => void;

const ACK_TIMEOUT_MS = 8_000;
const COME_BACK_MS = 1_000;
const WITHOUT_CONNECTION_MS = 2_000;
/** After too many connections from this address. */
const COME_BACK_LATER_MS = 20_000;

/** `starting` until the first connection, so that a page does not say "Reconnecting" while it loads. */
export const connection = signal<"starting" | "online" | "reconnecting">("starting");

let presented: string | undefined;
let comingBack: ReturnType<typeof setTimeout> | undefined;

const socket: Socket = io({
  autoConnect: false,
  transports: ["websocket", "polling"],
  tryAllTransports: true,
  reconnectionDelay: 500,
  reconnectionDelayMax: 5_000,
  randomizationFactor: 0.5,
  auth: (present) => {
    accessToken().then(
      (token) => {
        presented = token;
        present({ token });
      },
      // The server rejects it, and the next attempt starts from there.
      () => present({}),
    );
  },
});

socket.on("connect", () => {
  connection.value = "online";
});

socket.on("disconnect", (reason) => {
  if (reason === "io client disconnect") return;
  connection.value = "reconnecting";
  // The library reconnects on its own, except when the server closed the connection.
  if (reason !== "io server disconnect") return;
  const soon = closedFor === "rate_limited" ? COME_BACK_LATER_MS : COME_BACK_MS;
  closedFor = undefined;
  comeBack(soon * Math.random());
});

socket.on("connect_error", (error) => {
  if (connection.value !== "starting") connection.value = "reconnecting";
  if (socket.active) return;
  const refused = error.message.startsWith("token_") ? presented : undefined;
  const renewed = refused === undefined ? Promise.resolve() : renewToken(refused);
  // An ended session has been handled by now; anything else is worth another attempt.
  const soon = (error.message === "rate_limited" ? COME_BACK_LATER_MS : COME_BACK_MS) * (0.5 + Math.random());
  void renewed.then(() => comeBack(soon), () => comeBack(soon * 3));
});

on("auth:expired", () => {
  renewToken(presented)
    .then((token) => {
      presented = token;
      return request("auth:refresh", { token });
    })
    // The server closes the socket, and the next one gets a new token.
    .catch(() => undefined);
});

on("server:draining", ({ reconnectWithinMs }) => {
  setTimeout(() => {
    if (!socket.connected) return;
    socket.disconnect();
    connection.value = "reconnecting";
    socket.connect();
  }, reconnectWithinMs * Math.random());
});

let closedFor: string | undefined;
on("server:closing", ({ code }) => {
  closedFor = code;
});

function comeBack(afterMs: number): void {
  clearTimeout(comingBack);
  comingBack = setTimeout(() => {
    if (wanted) socket.connect();
  }, afterMs);
}

let wanted = false;

export function connect(): void {
  wanted = true;
  socket.connect();
}

export function disconnect(): void {
  wanted = false;
  clearTimeout(comingBack);
  socket.disconnect();
  connection.value = "starting";
}

/** Subscribes to an event until the returned function is called. */
export function on<Name extends keyof ServerEvents>(name: Name, handler: Handler<Name>): () => void {
  const listener = handler as (payload: unknown) => void;
  socket.on(name as string, listener);
  return () => socket.off(name as string, listener);
}

/** Calls back at each connection, and at once if there is one. */
export function onConnected(handler: () => void): () => void {
  socket.on("connect", handler);
  if (socket.connected) handler();
  return () => socket.off("connect", handler);
}

/** Functions that read data which events change. */
const readers = new Set<() => void>();

/**
 * Reads data that events change: at each connection, so that a page that loads reads it once, and when events were lost on a
 * live connection. Without a connection it still reads, a little later.
 */
export function whenLive(read: () => void): () => void {
  const without = setTimeout(read, WITHOUT_CONNECTION_MS);
  readers.add(read);
  const stop = onConnected(() => {
    clearTimeout(without);
    read();
  });
  return () => {
    clearTimeout(without);
    readers.delete(read);
    stop();
  };
}

/** Events were lost on the way. */
export function missed(): void {
  for (const read of readers) read();
}

/**
 * Asks the server and waits for its acknowledgement. Fails with `Problem`: `disconnected` when there is no connection,
 * `timeout` when no acknowledgement came, or the server's own code.
 */
export async function request<Name extends keyof Requests>(
  name: Name,
  payload: Requests[Name]["payload"],
): Promise<Requests[Name]["acknowledgement"]> {
  if (!socket.connected) throw new Problem("disconnected", "You’re offline. Try again in a moment.");
  const ack = await acknowledged<Requests[Name]["acknowledgement"]>(name, payload);
  if (!ack.ok) throw refused(ack.error);
  return ack;
}

function refused({ code, status, message, retryAfter, traceId }: Refusal): Problem {
  return new Problem(code, forPeople(message, code, traceId), status, undefined, retryAfter === undefined ? null : retryAfter * 1_000);
}

async function acknowledged<T>(name: string, payload: object): Promise<Ack<T>> {
  const traced = { ...payload, traceparent: traceparent() };
  try {
    return (await socket.timeout(ACK_TIMEOUT_MS).emitWithAck(name, traced)) as Ack<T>;
  } catch {
    const code = socket.connected ? "timeout" : "disconnected";
    throw new Problem(code, "The server did not answer. Try again in a moment.");
  }
}
