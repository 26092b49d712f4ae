import type { Citation } from "../realtime/types";
import { openPanel } from "../ui/panel";

export function openCitation(citations: readonly Citation[], number: number): void {
  const cited = citations.find((citation) => citation.number === number);
  if (cited === undefined) return;
  const { sourceId, version, sourceName, page, start, end, text } = cited;
  openPanel({ kind: "passage", target: { sourceId, version, sourceName, page, range: { start, end }, quote: text } });
}

/** The passages that an answer refers to, beneath it. */
export function Citations({ citations }: { citations: readonly Citation[] }) {
  if (citations.length === 0) return null;
  return (
    <ul class="citations" aria-label="Cited passages">
      {citations.map((citation) => {
        const place = citation.paged ? `, page ${citation.page}` : "";
        return (
          <li key={citation.number}>
            <button
              type="button"
              title={citation.text.slice(0, 300)}
              aria-label={`Open citation ${citation.number}: ${citation.sourceName}${place}`}
              onClick={() => openCitation(citations, citation.number)}
            >
              <span class="cite" aria-hidden="true">{citation.number}</span>
              <span class="citation-name">{citation.sourceName}</span>
              {citation.paged && <span class="hint">p. {citation.page}</span>}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
