import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { NO_CITATIONS } from "../ui/markdown-view";
import { renderBlocks } from "../ui/markdown";
import type { PassageTarget } from "../ui/panel";
import { sanitise } from "../ui/sanitise";
import { isLaidOut, isMarkdown, isTitled } from "./format";
import { highlight } from "./highlight";
import { joinLines, partsOf, type Parts } from "./passage";
import { LaidOut } from "./laid-out";
import { canBeLaidOut } from "./layout";
import type { Format, Page } from "../realtime/types";
import { markNodes, withSigns } from "./rendered-passage";

interface Props {
  page: Page;
  target: PassageTarget;
  format: Format | undefined;
  /** Marked wherever it stands. */
  sought: string;
}


/** The panel's title is an h2. */
const UNDER_TITLE = 2;

export function PageText({ page, target: { range, focus }, format, sought }: Props) {
  const top = useRef<HTMLDivElement>(null);
  const text = format === "markdown" ? joinLines(page.text) : page.text;
  const parts = partsOf(text, page.start, range, focus);
  // Where a mark would begin or end within an address, say, it is lost: then the text is shown as it is.
  const [unmarked, setUnmarked] = useState<Page | null>(null);
  const html = isMarkdown(format) && unmarked !== page ? htmlOf(parts) : null;
  const rendered = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (html !== null && rendered.current !== null) {
      rendered.current.innerHTML = html;
      markNodes(rendered.current);
      if (parts.passage !== null && rendered.current.querySelector("mark") === null) return setUnmarked(page);
    }
    const mark = top.current?.querySelector("mark .focus, mark.focus") ?? top.current?.querySelector("mark");
    if (mark != null) mark.scrollIntoView({ block: "center" });
    else top.current?.parentElement?.scrollTo(0, 0);
  }, [page, range?.start, range?.end, focus?.start, focus?.end, html]);
  useEffect(() => highlight(top.current, sought), [page, range?.start, html, sought]);
  const laidOut = isLaidOut(format) && canBeLaidOut(page.text);
  return (
    <div class={html === null && !laidOut ? "page-text" : "page-text rendered"} ref={top} tabIndex={0} aria-label="Text of the page" role="document" dir="auto">
      {html !== null && <div class="markdown" ref={rendered} />}
      {html === null && (laidOut ? <LaidOut parts={parts} titled={isTitled(format)} /> : <Plain parts={parts} />)}
    </div>
  );
}

function Plain({ parts }: { parts: Parts }) {
  const { before, passage, after } = parts;
  if (passage === null) return <>{before}</>;
  return (
    <>
      {before}
      <mark data-testid="passage" class={passage.focus === "" ? "" : "weak"}>
        {passage.before}
        {passage.focus !== "" && <span class="focus" data-testid="focus">{passage.focus}</span>}
        {passage.after}
      </mark>
      {after}
    </>
  );
}

function htmlOf(parts: Parts): string {
  const html = renderBlocks(withSigns(parts), NO_CITATIONS, UNDER_TITLE).map((block) => `<div>${block.html}</div>`).join("");
  return sanitise(html);
}
