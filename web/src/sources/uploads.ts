import { signal } from "@preact/signals";
import { accessToken, renewToken } from "../auth/session";
import { Problem, problemFrom, sentence } from "../http/problem";
import type { Source } from "../realtime/types";
import { randomId } from "../ui/ids";
import { keep } from "./store";

export interface Upload {
  id: string;
  notebookId: string;
  file: File;
  /** Set for a new version of a source. */
  sourceId: string | null;
  state: "waiting" | "sending" | "failed";
  /** 0 to 1. */
  sent: number;
  problem: string | null;
}

/** More at once would only make each slower. */
const AT_ONCE = 2;

export const uploads = signal<Upload[]>([]);

export function upload(notebookId: string, files: Iterable<File>, sourceId: string | null = null): void {
  const fresh = Array.from(files, (file): Upload => {
    return { id: randomId(), notebookId, file, sourceId, state: "waiting", sent: 0, problem: null };
  });
  uploads.value = [...uploads.value, ...fresh];
  startNext();
}

export function retryUpload(id: string): void {
  change(id, { state: "waiting", sent: 0, problem: null });
  startNext();
}

export function dismissUpload(id: string): void {
  uploads.value = uploads.value.filter((upload) => upload.id !== id);
}

function startNext(): void {
  const sending = uploads.value.filter(({ state }) => state === "sending").length;
  const next = uploads.value.filter(({ state }) => state === "waiting").slice(0, AT_ONCE - sending);
  for (const one of next) void run(one);
}

async function run(one: Upload): Promise<void> {
  change(one.id, { state: "sending" });
  try {
    const source = await withToken((token) => send(one, token));
    dismissUpload(one.id);
    keep(source);
  } catch (error) {
    change(one.id, { state: "failed", problem: sentence(error) });
  }
  startNext();
}

function change(id: string, changes: Partial<Upload>): void {
  uploads.value = uploads.value.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload));
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
    const request = new XMLHttpRequest();
    request.open("POST", one.sourceId === null ? `/api/notebooks/${one.notebookId}/sources` : `/api/sources/${one.sourceId}/versions`);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => change(one.id, { sent: total === 0 ? 0 : loaded / total });
    request.onload = () => {
      if (request.status === 201) resolve(JSON.parse(request.responseText) as Source);
      else reject(problemFrom(request.status, request.responseText, request.getResponseHeader("retry-after"), "The file"));
    };
    request.onerror = () => reject(brokenOff());
    const form = new FormData();
    form.append("file", one.file, one.file.name);
    request.send(form);
  });
}

/** A server that refuses a file while it arrives closes the connection, which looks the same here. */
const brokenOff = () =>
  new Problem("upload_incomplete", "The upload broke off. The file may be too large, or the connection was lost: try again.");
