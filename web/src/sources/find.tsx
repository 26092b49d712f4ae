import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import { type PassageTarget, turnTo } from "../ui/panel";
import type { AllPages } from "./all-pages";
import { Progress, usePageSearch } from "./page-search";
import { type Folded, fold, matchesIn } from "./matches";
import type { Page } from "../realtime/types";

interface Props {
  all: AllPages;
  /** What is open. */
  target: PassageTarget;
  noun: string;
  onQuery: (query: string) => void;
  onClose: () => void;
}

interface Match {
  page: number;
  /** In the document. */
  start: number;
  end: number;
}

const folded = new WeakMap<Page, Folded>();

function foldedOf(page: Page): Folded {
  const known = folded.get(page) ?? fold(page.text);
  folded.set(page, known);
  return known;
}

function matchesOf(pages: readonly Page[], query: string): Match[] {
  return pages.flatMap((page) => matchesIn(foldedOf(page), query).map(({ start, end }) => ({ page: page.number, start: page.start + start, end: page.start + end })));
}

/** Finds words on all pages of the source that is open. */
export function Find({ all, target, noun, onQuery, onClose }: Props) {
  const [query, setQuery] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const active = query.trim() !== "";
  usePageSearch(all, active);
  useEffect(() => field.current?.focus(), []);
  useEffect(() => onQuery(query), [query]);
  const pages = all.pages.value;
  const matches = useMemo(() => matchesOf(pages, query), [pages, query]);
  const at = matches.findIndex(({ page, start }) => page === target.page && start === target.range?.start);
  const go = (step: 1 | -1) => {
    const here = at >= 0 ? at + step : nearest(matches, target.page, step);
    const match = matches[(here + matches.length) % matches.length];
    if (match !== undefined) turnTo(match.page, match);
  };
  return (
    <div class="find" role="search" aria-label="Find in this source">
      <div class="row">
        <input
          ref={field}
          type="search"
          aria-label="Find in this source"
          placeholder="Find in this source"
          dir="auto"
          maxLength={200}
          value={query}
          onInput={({ currentTarget }) => setQuery(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
            else if (event.key === "Escape") onClose();
            else return;
            event.preventDefault();
          }}
        />
        <span class="find-count" role="status" data-testid="find-count">{active ? counted(matches.length, at, all.state.value === "done") : ""}</span>
        <button type="button" class="icon-button" aria-label="Previous match" disabled={matches.length === 0} onClick={() => go(-1)}><Icon name="up" /></button>
        <button type="button" class="icon-button" aria-label="Next match" disabled={matches.length === 0} onClick={() => go(1)}><Icon name="down" /></button>
      </div>
      {active && <Progress all={all} noun={noun} action="Keep searching" />}
    </div>
  );
}

/** Where to begin: on the page that is open, or the next one that has a match. */
function nearest(matches: readonly Match[], page: number, step: 1 | -1): number {
  const index = step === 1 ? matches.findIndex((match) => match.page >= page) : matches.findLastIndex((match) => match.page <= page);
  return index < 0 ? (step === 1 ? 0 : matches.length - 1) : index;
}

function counted(count: number, at: number, all: boolean): string {
  const so = all ? "" : "+";
  if (count === 0) return all ? "Not found" : "0";
  return at < 0 ? `${count}${so} found` : `${at + 1} of ${count}${so}`;
}
