import { signal } from "@preact/signals";
import { accessToken, renewToken } from "../auth/session";
import { Problem, problemFrom, sentence } from "../http/problem";
import type { Source } from "../realtime/types";
import { randomId } from "../ui/ids";
import { plainName } from "../ui/plain-name";
import { recall, remember } from "../ui/storage";
import { keep } from "./store";
import { assertFits } from "./upload-limit";

export interface Upload {
  id: string;
  notebookId: string;
  name: string;
  /** `null`: it failed before the page was reloaded, and the browser no longer has the file. */
  file: File | null;
  /** Set for a new version of a source. */
  sourceId: string | null;
  state: "waiting" | "sending" | "failed";
  /** 0 to 1. */
  sent: number;
  problem: string | null;
  /** Whether the same file may have better luck. */
  mayPass?: boolean;
}

/** More at once would only make each slower. */
const AT_ONCE = 2;
const FAILED = "failedUploads";

export const uploads = signal<Upload[]>(recall<Upload[]>(sessionStorage, FAILED, []));
/** How many of a notebook's files have arrived since there was last nothing to send. */
export const arrived = signal<ReadonlyMap<string, number>>(new Map());

const requests = new Map<string, XMLHttpRequest>();

export function upload(notebookId: string, files: Iterable<File>, sourceId: string | null = null): void {
  const fresh = Array.from(files, (file): Upload => {
    return { id: randomId(), notebookId, name: plainName(file.name), file, sourceId, state: "waiting", sent: 0, problem: null };
  });
  if (!isBusy(notebookId)) arrived.value = new Map(arrived.value).set(notebookId, 0);
  set([...uploads.value, ...fresh]);
  startNext();
}

export function retryUpload(id: string): void {
  change(id, { state: "waiting", sent: 0, problem: null });
  startNext();
}

/** Removes it from the list, and aborts a transfer in progress. */
export function dismissUpload(id: string): void {
  set(uploads.value.filter((upload) => upload.id !== id));
  requests.get(id)?.abort();
  startNext();
}

/** Those that have not failed. */
export function cancelUploads(notebookId: string): void {
  const ending = uploads.value.filter((upload) => upload.notebookId === notebookId && upload.state !== "failed");
  // First those that wait, so that none begins when another is broken off.
  for (const state of ["waiting", "sending"]) for (const one of ending) if (one.state === state) dismissUpload(one.id);
}

function isBusy(notebookId: string): boolean {
  return uploads.value.some((upload) => upload.notebookId === notebookId && upload.state !== "failed");
}

function startNext(): void {
  const sending = uploads.value.filter(({ state }) => state === "sending").length;
  const next = uploads.value.filter(({ state }) => state === "waiting").slice(0, AT_ONCE - sending);
  for (const one of next) void run(one);
}

async function run(one: Upload): Promise<void> {
  change(one.id, { state: "sending" });
  try {
    if (one.file !== null) await assertFits(one.file);
    const source = await withToken((token) => send(one, token));
    arrived.value = new Map(arrived.value).set(one.notebookId, (arrived.value.get(one.notebookId) ?? 0) + 1);
    set(uploads.value.filter(({ id }) => id !== one.id));
    keep(source);
  } catch (error) {
    change(one.id, { state: "failed", problem: sentence(error), mayPass: mayPass(error) });
  }
  requests.delete(one.id);
  startNext();
}

/** A rejected file stays rejected, unless the server was busy. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof Problem)) return true;
  return error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500;
}

function change(id: string, changes: Partial<Upload>): void {
  set(uploads.value.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload)));
}

function set(next: Upload[]): void {
  uploads.value = next;
  const failed = next.filter(({ state }) => state === "failed");
  remember(sessionStorage, FAILED, failed.map((upload) => ({ ...upload, file: null })));
}

async function withToken<T>(attempt: (token: string) => Promise<T>): Promise<T> {
  const token = await accessToken();
  try {
    return await attempt(token);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    return attempt(await renewToken(token));
  }
}

/** `fetch` cannot tell how much of a body has left; this can. */
function send(one: Upload, token: string): Promise<Source> {
  return new Promise((resolve, reject) => {
    if (one.file === null || !uploads.peek().some(({ id }) => id === one.id)) return reject(brokenOff());
    const request = new XMLHttpRequest();
    requests.set(one.id, request);
    request.open("POST", one.sourceId === null ? `/api/notebooks/${one.notebookId}/sources` : `/api/sources/${one.sourceId}/versions`);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => change(one.id, { sent: total === 0 ? 0 : loaded / total });
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText) as Source);
      else reject(problemFrom(request.status, request.responseText, request.getResponseHeader("retry-after"), "The file"));
    };
    request.onerror = () => reject(brokenOff());
    request.onabort = () => reject(brokenOff());
    const form = new FormData();
    form.append("file", one.file, one.file.name);
    request.send(form);
  });
}

/** A server that refuses a file while it arrives closes the connection, which looks the same here. */
const brokenOff = () =>
  new Problem("upload_incomplete", "The upload was interrupted. The file may be too large, or the connection was lost: try again.");
