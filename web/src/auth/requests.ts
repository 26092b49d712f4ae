import { problemOf, unreachable } from "../http/problem";
import type { CookieView, Grant } from "../realtime/types";

/** `/api/auth`: the requests that need no access token. The refresh token travels in its cookie. */
export const login = (email: string, password: string) => post<Grant>("login", { email, password });

/** `code`: of a notebook; where accounts are made by invitation only, there has to be one. */
export const register = (email: string, name: string, password: string, code: string | null) =>
  post<Grant>("register", { email, name, password, code });

export const refresh = () => post<Grant>("refresh", {});

/** With the access token too: a browser that keeps no cookie signs out by it. */
export const logout = (accessToken: string | undefined) => post<undefined>("logout", {}, accessToken);

/** Whether the browser keeps the cookie that it was given. */
export async function cookieIsKept(): Promise<boolean> {
  const response = await fetch("/api/auth/cookie");
  // If it cannot be determined, show no warning.
  return !response.ok || ((await response.json()) as CookieView).kept;
}

async function post<T>(path: string, body: unknown, accessToken?: string): Promise<T> {
  const authorization = accessToken === undefined ? undefined : { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`/api/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization },
    body: JSON.stringify(body),
  }).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
