import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { api } from "../http/client";
import { Problem, sentence } from "../http/problem";
import { Icon } from "../ui/icons";
import type { NotRead } from "../realtime/types";
import type { PassageTarget } from "../ui/panel";
import { SidePanel } from "../ui/side-panel";
import { LeftOut } from "./left-out";
import { cutPassage, joinLines } from "./passage";
import { sources } from "./store";

interface Page {
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
  const [number, setNumber] = useState(target.page);
  const [loaded, setLoaded] = useState<Loaded>(null);
  const { sourceId, version } = target;
  useEffect(() => setNumber(target.page), [target]);
  useEffect(() => {
    let wanted = true;
    const show = (result: Loaded) => {
      if (wanted) setLoaded(result);
    };
    api<Page>("GET", `/api/sources/${sourceId}/versions/${version}/pages/${number}`).then(
      (page) => show({ page }),
      (error: unknown) => show({ problem: explain(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [sourceId, version, number]);
  return (
    <SidePanel title={target.sourceName} name="Source">
      {loaded !== null && "page" in loaded && <Pager page={loaded.page} onTurn={setNumber} />}
      <div class="panel-body reader">
        {loaded === null && <p class="loading" role="status"><span class="spinner" /> Opening the page…</p>}
        {loaded !== null && "page" in loaded && <LeftOut notRead={loaded.page.notRead} />}
        {loaded !== null && "page" in loaded && <PageText page={loaded.page} target={target} />}
        {loaded !== null && "problem" in loaded && (
          <>
            <p class="problem" role="alert">{loaded.problem}</p>
            {target.quote !== null && <blockquote>{target.quote}</blockquote>}
          </>
        )}
      </div>
    </SidePanel>
  );
}

function explain(error: unknown): string {
  const gone = error instanceof Problem && error.code === "not_found";
  return gone ? "This page is no longer there: the source has been deleted." : sentence(error);
}

function Pager({ page, onTurn }: { page: Page; onTurn: (number: number) => void }) {
  const place = page.pageCount === null ? `Part ${page.number}` : `Page ${page.number} of ${page.pageCount}`;
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" class="icon-button" aria-label="Previous page" disabled={page.number <= 1} onClick={() => onTurn(page.number - 1)}>
        <Icon name="back" />
      </button>
      <span aria-live="polite" data-testid="page-number">{place}</span>
      <button type="button" class="icon-button" aria-label="Next page" disabled={!page.hasNext} onClick={() => onTurn(page.number + 1)}>
        <Icon name="forward" />
      </button>
    </nav>
  );
}

function PageText({ page, target: { sourceId, range } }: { page: Page; target: PassageTarget }) {
  const mark = useRef<HTMLElement>(null);
  const top = useRef<HTMLDivElement>(null);
  const source = sources.value?.find(({ id }) => id === sourceId);
  const text = source?.latest.format === "markdown" ? joinLines(page.text) : page.text;
  const cut = range === null ? null : cutPassage(text, page.start, range.start, range.end);
  const marked = cut !== null && cut.marked !== "";
  useLayoutEffect(() => {
    if (marked) mark.current?.scrollIntoView({ block: "center" });
    else top.current?.parentElement?.scrollTo(0, 0);
  }, [page, range]);
  return (
    <div class="page-text" ref={top} tabIndex={0} aria-label="Text of the page" role="document">
      {marked ? <>{cut.before}<mark ref={mark} data-testid="passage">{cut.marked}</mark>{cut.after}</> : text}
    </div>
  );
}
