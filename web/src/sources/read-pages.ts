import { api } from "../http/client";
import { AllPages } from "./all-pages";
import type { Page } from "../realtime/types";

export function readPage(sourceId: string, version: number, number: number): Promise<Page> {
  return api<Page>("GET", `/api/sources/${encodeURIComponent(sourceId)}/versions/${version}/pages/${number}`);
}

/** Of the source that was looked through last: a version never changes. */
let kept: { key: string; all: AllPages } | null = null;

export function allPagesOf(sourceId: string, version: number): AllPages {
  const key = `${sourceId} ${version}`;
  if (kept?.key !== key) {
    kept?.all.stop();
    kept = { key, all: new AllPages((number) => readPage(sourceId, version, number)) };
  }
  return kept.all;
}

/** Nothing of this user stays behind. */
export function forgetPages(): void {
  kept = null;
}
