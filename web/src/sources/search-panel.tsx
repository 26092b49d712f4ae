import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Hit } from "../realtime/types";
import { Icon } from "../ui/icons";
import { openPanel } from "../ui/panel";
import { plainName } from "../ui/plain-name";
import { SidePanel } from "../ui/side-panel";
import { isMarkdown } from "./format";
import { excerpt, withoutSigns } from "./marked-words";
import { openHit, type Search, search, searchFor, searchForMore } from "./search";
import { searchable, sources } from "./store";

interface Props {
  notebookId: string;
  /** What the address says is searched for. */
  query: string;
}

/** No search is longer. */
const MAX_CHARS = 1_000;

/** Searches the sources for passages, without an answer. */
export function SearchPanel({ notebookId, query }: Props) {
  const [typed, setTyped] = useState(query);
  const field = useRef<HTMLInputElement>(null);
  const now = search.value?.notebookId === notebookId && search.value.query === query ? search.value : null;
  useEffect(() => {
    setTyped(query);
    if (query !== "" && now === null) void searchFor(notebookId, query);
  }, [notebookId, query]);
  useEffect(() => {
    // Whoever comes back to a list goes on in it.
    if (now === null || now.opened === null) field.current?.focus();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const wanted = typed.trim();
    if (wanted === "") return field.current?.focus();
    if (wanted === query) return void searchFor(notebookId, query);
    openPanel({ kind: "search", query: wanted });
  };
  return (
    <SidePanel title="Search in sources" name="Search" focused={false}>
      <form class="search-form" role="search" onSubmit={submit}>
        <input
          ref={field}
          id="search-field"
          type="search"
          aria-label="Search in sources"
          placeholder="Words, or a question"
          enterKeyHint="search"
          dir="auto"
          maxLength={MAX_CHARS}
          value={typed}
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <button type="submit" class="button primary" aria-label="Search"><Icon name="search" /></button>
      </form>
      <Found now={now} />
    </SidePanel>
  );
}

function Found({ now }: { now: Search | null }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (now === null || now.opened === null || box.current === null) return;
    box.current.scrollTop = now.scrolled;
    box.current.querySelectorAll<HTMLElement>(".hit")[now.opened]?.focus({ preventScroll: true });
  }, []);
  return (
    <div class="panel-body" ref={box}>
      {now === null && <p class="hint">{searchable.value.length === 0 ? "There are no sources to search yet." : "Finds passages in all sources of this notebook, by words and by meaning."}</p>}
      {now?.state === "searching" && <p class="loading" role="status"><span class="spinner" /> Searching your sources…</p>}
      {now !== null && typeof now.state === "object" && ("problem" in now.state ? <Failed now={now} problem={now.state.problem} /> : (
        <Hits now={now} hits={now.state.hits} more={now.state.more} scrolled={() => box.current?.scrollTop ?? 0} />
      ))}
    </div>
  );
}

function Failed({ now, problem }: { now: Search; problem: string }) {
  return (
    <>
      <p class="problem" role="alert">{problem}</p>
      <button type="button" class="button quiet" onClick={() => void searchFor(now.notebookId, now.query)}>Try again</button>
    </>
  );
}

interface HitsProps {
  now: Search;
  hits: readonly Hit[];
  more: boolean;
  scrolled: () => number;
}

function Hits({ now, hits, more, scrolled }: HitsProps) {
  const open = (hit: Hit, index: number) => {
    search.value = { ...now, scrolled: scrolled(), opened: index };
    openHit(hit, now.query);
  };
  return (
    <>
      <p class={hits.length === 0 ? "" : "visually-hidden"} role="status">
        {hits.length === 0 ? "No passages found. Try different words." : hits.length === 1 ? "1 passage found." : `${hits.length} passages found.`}
      </p>
      <ol class="hits" aria-label="Passages found">
        {hits.map((hit, index) => (
          <li key={`${hit.sourceId} ${hit.version} ${hit.start}`}>
            <button type="button" class="hit" onClick={() => open(hit, index)}>
              <span class="hit-source">
                <bdi class="citation-name">{plainName(hit.sourceName)}</bdi>
                {hit.paged && <span class="hint">{` ${isSheet(hit) ? "sheet" : "p."} ${hit.page}`}</span>}
              </span>
              {hit.headings.length > 0 && <span class="hint" dir="auto">{hit.headings.join(" › ")}</span>}
              <span class="hit-text" dir="auto">
                {excerpt(isMarkdown(formatOf(hit)) ? withoutSigns(hit.text) : hit.text, now.query).map(({ text, found }, at) => (found ? <mark key={at}>{text}</mark> : text))}
              </span>
            </button>
          </li>
        ))}
      </ol>
      {more && <button type="button" class="button quiet" onClick={() => void searchForMore(now)}>Show more</button>}
    </>
  );
}

const formatOf = ({ sourceId }: Hit) => sources.value?.find(({ id }) => id === sourceId)?.latest.format;
const isSheet = (hit: Hit) => formatOf(hit) === "xlsx";
