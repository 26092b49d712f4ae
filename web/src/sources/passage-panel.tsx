import { useEffect, useState } from "preact/hooks";
import { api } from "../http/client";
import { Problem, sentence } from "../http/problem";
import type { NotRead } from "../realtime/types";
import { type PassageTarget, turnTo } from "../ui/panel";
import { plainName } from "../ui/plain-name";
import { SidePanel } from "../ui/side-panel";
import { LeftOut } from "./left-out";
import { PageText } from "./page-text";
import { Pager, pageKey } from "./pager";
import { sources } from "./store";

export interface Page {
  number: number;
  /** Of the page in its document, in code points. */
  start: number;
  text: string;
  /** How many there are, when the format has pages. */
  pageCount: number | null;
  hasNext: boolean;
  /** Of its version. */
  notRead?: NotRead[];
}

type Loaded = { page: Page } | { problem: string } | null;

/** A page of a source, with the cited passage marked. */
export function PassagePanel({ target }: { target: PassageTarget }) {
  const [loaded, setLoaded] = useState<Loaded>(null);
  const { sourceId, version, page: number } = target;
  const source = sources.value?.find(({ id }) => id === sourceId);
  useEffect(() => {
    let wanted = true;
    const show = (result: Loaded) => {
      if (wanted) setLoaded(result);
    };
    api<Page>("GET", `/api/sources/${encodeURIComponent(sourceId)}/versions/${version}/pages/${number}`).then(
      (page) => show({ page }),
      (error: unknown) => show({ problem: explain(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [sourceId, version, number]);
  const page = loaded !== null && "page" in loaded ? loaded.page : null;
  const noun = source?.latest.format === "xlsx" ? "sheet" : "page";
  return (
    <SidePanel
      title={source?.name ?? plainName(target.sourceName ?? "Source")}
      name="Source"
      onKeyDown={(event) => {
        const to = page === null ? null : pageKey(event, page);
        if (to === null) return;
        event.preventDefault();
        turnTo(to);
      }}
    >
      {page !== null && <Pager page={page} noun={noun} onTurn={turnTo} />}
      <div class="panel-body reader">
        {loaded === null && <p class="loading" role="status"><span class="spinner" /> Opening the {noun}…</p>}
        {page !== null && <LeftOut notRead={page.notRead} />}
        {page !== null && <PageText page={page} target={target} format={source?.latest.format} />}
        {loaded !== null && "problem" in loaded && (
          <>
            <p class="problem" role="alert">{loaded.problem}</p>
            {target.quote !== null && <blockquote dir="auto">{target.quote}</blockquote>}
          </>
        )}
      </div>
    </SidePanel>
  );
}

function explain(error: unknown): string {
  const gone = error instanceof Problem && (error.code === "not_found" || error.status === 400 || error.status === 422);
  return gone ? "This page is no longer there: the source has been deleted." : sentence(error);
}
