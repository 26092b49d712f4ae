import { useEffect, useMemo, useRef } from "preact/hooks";
import { turnTo } from "../ui/panel";
import type { AllPages } from "./all-pages";
import type { Format } from "../realtime/types";
import { headingsOf } from "./headings";
import { Progress, usePageSearch } from "./page-search";

interface Props {
  all: AllPages;
  format: Format | undefined;
  noun: string;
  onClose: () => void;
}

/** The headings of the source that is open, each a way to its place. */
export function Outline({ all, format, noun, onClose }: Props) {
  usePageSearch(all, true);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const pages = all.pages.value;
  const headings = useMemo(() => pages.flatMap((page) => headingsOf(page, format)), [pages, format]);
  const outermost = Math.min(...headings.map(({ level }) => level));
  const paged = pages[0]?.pageCount != null;
  return (
    <nav
      class="panel-body outline"
      aria-label="Outline"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onClose();
      }}
    >
      <h3 ref={heading} tabIndex={-1}>Outline</h3>
      <ul>
        {headings.map(({ text, page, level, start, end }) => (
          <li key={start} data-depth={Math.min(3, level - outermost)}>
            <button
              type="button"
              class="outline-entry"
              onClick={() => {
                turnTo(page, { start, end });
                onClose();
              }}
            >
              <span dir="auto">{text}</span>
              {paged && <span class="hint">{noun === "sheet" ? `sheet ${page}` : `p. ${page}`}</span>}
            </button>
          </li>
        ))}
      </ul>
      {headings.length === 0 && all.state.value === "done" && <p class="hint" role="status">This source has no headings.</p>}
      <Progress all={all} noun={noun} action="Keep searching" />
    </nav>
  );
}
