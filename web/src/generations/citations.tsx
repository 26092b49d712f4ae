import type { Citation } from "../realtime/types";
import { nearestSentence } from "../sources/nearest-sentence";
import { ownText } from "../sources/passage";
import { sources } from "../sources/store";
import { openPanel } from "../ui/panel";
import { plainName } from "../ui/plain-name";
import { claimOf } from "./claim";

/** Opens a passage at what it is cited for: `content` is the answer, `nth` which of its references was followed. */
export function openCitation(citations: readonly Citation[], number: number, content: string, nth = 0): void {
  const cited = citations.find((citation) => citation.number === number);
  if (cited === undefined) return;
  const { sourceId, version, sourceName, page, start, end, text } = cited;
  const near = nearestSentence(ownText(text, { start, end }), claimOf(content, number, nth));
  const focus = near === null ? null : { start: start + near.start, end: start + near.end };
  openPanel({ kind: "passage", target: { sourceId, version, sourceName, page, range: { start, end }, focus, quote: text } });
}

/** Number → what a reference to it is called. */
export function citationLabels(citations: readonly Citation[]): ReadonlyMap<number, string> {
  return new Map(citations.map((citation) => [citation.number, labelOf(citation)]));
}

function labelOf(citation: Citation): string {
  const { number, sourceName, paged, page } = citation;
  return `Open citation ${number}: ${plainName(sourceName)}${paged ? `, ${isSheet(citation) ? "sheet" : "page"} ${page}` : ""}`;
}

const isSheet = ({ sourceId }: Citation) => sources.value?.find(({ id }) => id === sourceId)?.latest.format === "xlsx";

/** The passages that an answer refers to, beneath it. */
export function Citations({ citations, content }: { citations: readonly Citation[]; content: string }) {
  if (citations.length === 0) return null;
  return (
    <ul class="citations" aria-label="Cited passages">
      {citations.map((citation) => (
        <li key={citation.number}>
          <button
            type="button"
            title={citation.text.slice(0, 300)}
            aria-label={labelOf(citation)}
            onClick={() => openCitation(citations, citation.number, content)}
          >
            <span class="cite" aria-hidden="true" data-text={citation.number} />
            <bdi class="citation-name">{plainName(citation.sourceName)}</bdi>
            {citation.paged && <span class="hint" aria-hidden="true" data-text={`${isSheet(citation) ? "sheet" : "p."} ${citation.page}`} />}
          </button>
        </li>
      ))}
    </ul>
  );
}
