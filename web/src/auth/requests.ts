import { problemOf, unreachable } from "../http/problem";
import type { Grant } from "./token-keeper";

/** `/api/auth`: the requests that need no access token. The refresh token travels in its cookie. */
export const login = (email: string, password: string) => post<Grant>("login", { email, password });

export const register = (email: string, name: string, password: string) =>
  post<Grant>("register", { email, name, password });

export const refresh = () => post<Grant>("refresh", {});

export const logout = () => post<undefined>("logout", {});

async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(`/api/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
