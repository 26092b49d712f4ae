import { accessToken, renewToken, tokenInHand } from "../auth/session";
import { Problem, problemOf, unreachable } from "./problem";
import { traceparent } from "./trace";

/** A read that hangs would hold up all later ones. */
const READ_LIMIT_MS = 30_000;

/** The timeout of a read that asked the server to wait. */
const ATTEMPTS = 3;
const LONGEST_WAIT_MS = 10_000;

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Asks the REST API as the user who is signed in. */
export async function api<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const response = await authorised(path, {
    method,
    ...(method === "GET" ? { signal: AbortSignal.timeout(READ_LIMIT_MS) } : {}),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return (response.status === 204 ? undefined : await response.json().catch(brokenOff)) as T;
}

/** Sends a request while the page is being closed; its outcome is unknown. */
export function sendOnLeave(method: Method, path: string): void {
  const headers = { authorization: `Bearer ${tokenInHand() ?? ""}`, traceparent: traceparent() };
  fetch(path, { method, headers, keepalive: true }).catch(() => undefined);
}

/** The content at an address that needs the token. */
export async function download(path: string): Promise<Blob> {
  return (await authorised(path, { method: "GET" })).blob();
}

async function authorised(path: string, init: RequestInit): Promise<Response> {
  const token = await accessToken();
  try {
    return await patiently(path, init, token);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    return patiently(path, init, await renewToken(token));
  }
}

/** Repeats a read that the server asks to retry shortly, without an error for the user. */
async function patiently(path: string, init: RequestInit, token: string): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(path, init, token);
    } catch (error) {
      const wait = init.method === "GET" ? waitOf(error) : null;
      if (wait === null || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** How long to wait before a retry, if one is worthwhile. */
function waitOf(error: unknown): number | null {
  const asked = error instanceof Problem && error.status === 429 ? error.retryAfterMs : null;
  return asked !== null && asked <= LONGEST_WAIT_MS ? asked : null;
}

async function send(path: string, init: RequestInit, token: string): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token}`);
  headers.set("traceparent", traceparent());
  const response = await fetch(path, { ...init, headers }).catch(brokenOff);
  if (!response.ok) throw await problemOf(response);
  return response;
}

function brokenOff(): never {
  throw unreachable();
}
