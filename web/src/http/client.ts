import { accessToken, renewToken } from "../auth/session";
import { Problem, problemOf, unreachable } from "./problem";
import { traceparent } from "./trace";

/** A read that hangs would hold up all that come after it. */
const READ_LIMIT_MS = 30_000;

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

/** The bytes behind an address that needs the token. */
export async function download(path: string): Promise<Blob> {
  return (await authorised(path, { method: "GET" })).blob();
}

async function authorised(path: string, init: RequestInit): Promise<Response> {
  const token = await accessToken();
  try {
    return await send(path, init, token);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    return send(path, init, await renewToken(token));
  }
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
