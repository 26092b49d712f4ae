import { useEffect, useState } from "preact/hooks";
import { Problem, sentence } from "../http/problem";
import type { Page, Source } from "../realtime/types";
import { isOver, openPanel, type PassageTarget, turnTo } from "../ui/panel";
import { plainName } from "../ui/plain-name";
import { SidePanel } from "../ui/side-panel";
import { Find } from "./find";
import { LeftOut } from "./left-out";
import { Outline } from "./outline";
import { PageText } from "./page-text";
import { Pager, pageKey } from "./pager";
import { allPagesOf, readPage } from "./read-pages";
import { sources } from "./store";
import { type Tool, Tools } from "./tools";

type Loaded = { page: Page } | { problem: unknown } | null;

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
    readPage(sourceId, version, number).then(
      (page) => show({ page }),
      (error: unknown) => show({ problem: error }),
    );
    return () => {
      wanted = false;
    };
  }, [sourceId, version, number]);
  const page = loaded !== null && "page" in loaded ? loaded.page : null;
  const format = source?.latest.format;
  const noun = format === "xlsx" ? "sheet" : "page";
  const [tool, setTool] = useState<Tool | null>(null);
  const [sought, setSought] = useState("");
  useEffect(() => setTool(null), [sourceId, version]);
  const closeTool = () => setTool(null);
  return (
    <SidePanel
      title={source?.name ?? plainName(target.sourceName ?? "Source")}
      name="Source"
      back={isOver() ? "Back to search results" : null}
      onKeyDown={(event) => {
        const to = page === null ? null : pageKey(event, page);
        if (to === null) return;
        event.preventDefault();
        turnTo(to);
      }}
    >
      {page !== null && (
        <div class="reader-bar">
          <Pager page={page} noun={noun} onTurn={turnTo} />
          <Tools open={tool} onOpen={setTool} />
        </div>
      )}
      {tool === "find" && <Find key={`${sourceId} ${version}`} all={allPagesOf(sourceId, version)} target={target} noun={noun} onQuery={setSought} onClose={closeTool} />}
      {tool === "outline" && <Outline key={`${sourceId} ${version}`} all={allPagesOf(sourceId, version)} format={format} noun={noun} onClose={closeTool} />}
      <div class="panel-body reader" hidden={tool === "outline"}>
        {loaded === null && <p class="loading" role="status"><span class="spinner" /> Opening the {noun}…</p>}
        {page !== null && <LeftOut notRead={page.notRead} />}
        {page !== null && <PageText page={page} target={target} format={format} sought={tool === "find" ? sought : ""} />}
        {loaded !== null && "problem" in loaded && (
          <NoPage error={loaded.problem} source={source} target={target} />
        )}
      </div>
    </SidePanel>
  );
}

interface ProblemProps {
  error: unknown;
  source: Source | undefined;
  target: PassageTarget;
}

function NoPage({ error, source, target }: ProblemProps) {
  const missing = error instanceof Problem && (error.code === "not_found" || error.status === 400 || error.status === 422);
  const version = source?.readyVersion ?? null;
  // What is here has only no such page.
  const toFirst = missing && version !== null
    ? () => openPanel({ kind: "passage", target: { ...target, version, page: 1, range: null, focus: null } })
    : null;
  return (
    <>
      <p class="problem" role="alert">{missing ? explain(source !== undefined, target) : sentence(error)}</p>
      {toFirst !== null && <button type="button" class="button quiet" onClick={toFirst}>Open the source</button>}
      {target.quote !== null && <blockquote dir="auto">{target.quote}</blockquote>}
    </>
  );
}

function explain(isHere: boolean, { sourceName }: PassageTarget): string {
  if (isHere) return "This source has no such page.";
  if (sourceName !== null) return "This page is no longer there: the source has been deleted.";
  return "This source has been deleted, or you don’t have access to it.";
}
