import { computed, effect, signal } from "@preact/signals";
import { Problem } from "../http/problem";
import type { Grant, User } from "../realtime/types";
import { forget, forgetAll, recall, remember } from "../ui/storage";
import { warn } from "../ui/toast";
import * as requests from "./requests";
import { TokenKeeper } from "./token-keeper";
import { userId } from "./who";

type Session = { state: "starting" | "unreachable" | "signedOut" } | { state: "signedIn"; user: User };

type FromOtherTab = { kind: "grant"; grant: Grant } | { kind: "signedOut" };

const LOCK = "collabry.refresh";
const RETRY_MS = 3_000;
const SESSION_ENDED = "Your session has ended. Sign in again.";
/** Kept until the user signs out. */
const SIGNED_IN = "signedIn";

const session = signal<Session>({ state: "starting" });
const channel = new BroadcastChannel("collabry.session");
/** The user whose data this page holds, even after they sign out. */
let owner: string | null = null;
/** Why the user was signed out, if they did not ask for it. */
export const signedOutBecause = signal<string | null>(null);

export const sessionState = computed(() => session.value.state);
export const me = computed<User | null>(() => (session.value.state === "signedIn" ? session.value.user : null));

effect(() => {
  userId.value = me.value?.id ?? "";
});

const keeper = new TokenKeeper({
  refresh: requests.refresh,
  exclusive,
  share: (grant) => broadcast({ kind: "grant", grant }),
  now: () => Date.now(),
});

/** One tab at a time. Without https there are no locks; the server's grace period for concurrent refreshes has to suffice. */
function exclusive<T>(work: () => Promise<T>): Promise<T> {
  if (navigator.locks === undefined) return work();
  return navigator.locks.request(LOCK, work) as Promise<T>;
}

function broadcast(message: FromOtherTab): void {
  channel.postMessage(message);
}

channel.addEventListener("message", ({ data }: MessageEvent<FromOtherTab>) => {
  if (data.kind === "signedOut") signedOut(null);
  else enter(data.grant);
});

/** Resumes the session of an earlier visit, and retries while the server is unreachable. */
export async function resumeSession(): Promise<void> {
  try {
    // No earlier visit: a refused refresh would only show up as an error in the browser's console.
    if (!recall(localStorage, SIGNED_IN, false) && !(await requests.cookieIsKept())) return signedOut(null);
    enter(await keeper.renew(undefined));
  } catch (error) {
    if (isOver(error)) return wasOver();
    session.value = { state: "unreachable" };
    const wait = (error instanceof Problem && error.retryAfterMs) || RETRY_MS;
    setTimeout(() => void resumeSession(), wait);
  }
}

/** The earlier session ended without a sign-out. */
function wasOver(): void {
  if (recall(localStorage, SIGNED_IN, false)) signedOutBecause.value = SESSION_ENDED;
  signedOut(null);
}

export async function signIn(email: string, password: string): Promise<void> {
  begin(await requests.login(email, password));
}

export async function signUp(email: string, name: string, password: string, code: string | null): Promise<void> {
  begin(await requests.register(email, name, password, code));
}

function begin(grant: Grant): void {
  broadcast({ kind: "grant", grant });
  enter(grant);
  void warnOfLostCookie();
}

/** Without its cookie the session ends at the next reload, and the user would not know why. */
async function warnOfLostCookie(): Promise<void> {
  const kept = await requests.cookieIsKept().catch(() => true);
  if (kept) return;
  const why = window.isSecureContext
    ? "Allow cookies for this site, and sign in again."
    : "This page was opened over http, but the server’s cookie is for https only. Open it over https, or ask the server’s administrator.";
  warn(`Your browser did not keep the sign-in, so a reload signs you out. ${why}`);
}

export async function signOut(): Promise<void> {
  await requests.logout(keeper.grant?.accessToken);
  const user = userId.peek();
  broadcast({ kind: "signedOut" });
  signedOut(null);
  clearStored(user);
}

/** Leaves nothing for the next user of this browser. */
function clearStored(user: string): void {
  forget(localStorage, SIGNED_IN);
  forget(sessionStorage, "failedUploads");
  for (const key of ["draft", "asked", "leftOut"]) forgetAll(localStorage, `${key}.${user}`);
}

/** A valid token; ends the session here if the server says that it has ended. */
export function accessToken(): Promise<string> {
  return orSignedOut(keeper.token());
}

/** The current token, for callers that cannot wait for a renewal. */
export const tokenInHand = (): string | undefined => keeper.grant?.accessToken;

/** A new token in place of one that the server rejected. */
export async function renewToken(refused: string | undefined): Promise<string> {
  return (await orSignedOut(keeper.renew(refused))).accessToken;
}

async function orSignedOut<T>(attempt: Promise<T>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    if (isOver(error)) signedOut(SESSION_ENDED);
    throw error;
  }
}

function isOver(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}

function enter(grant: Grant): void {
  keeper.adopt(grant);
  // Another user signed in, here or in another tab: nothing on this page belongs to them.
  if (owner !== null && owner !== grant.user.id) return location.assign("/");
  owner = grant.user.id;
  signedOutBecause.value = null;
  remember(localStorage, SIGNED_IN, true);
  if (session.peek().state !== "signedIn") session.value = { state: "signedIn", user: grant.user };
}

function signedOut(reason: string | null): void {
  keeper.forget();
  if (session.peek().state === "signedIn" || reason !== null) signedOutBecause.value = reason;
  session.value = { state: "signedOut" };
}
