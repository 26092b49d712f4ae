import { useEffect, useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import type { Page } from "../realtime/types";

interface Props {
  page: Page;
  noun: "page" | "sheet";
  onTurn: (number: number) => void;
}

/** Turns pages, and goes to the one whose number is typed. */
export function Pager({ page, noun, onTurn }: Props) {
  const [typed, setTyped] = useState(String(page.number));
  useEffect(() => setTyped(String(page.number)), [page.number]);
  const name = noun === "sheet" ? "Sheet" : "Page";
  const place = page.pageCount === null ? `Part ${page.number}` : `${name} ${page.number} of ${page.pageCount}`;
  const go = (event: Event) => {
    event.preventDefault();
    const wanted = Number.parseInt(typed, 10);
    const number = Math.min(Math.max(1, Number.isNaN(wanted) ? page.number : wanted), page.pageCount ?? page.number);
    setTyped(String(number));
    if (number !== page.number) onTurn(number);
  };
  // All that there is.
  if (page.pageCount === null && page.number === 1 && !page.hasNext) return <span class="spacer" />;
  return (
    <nav class="pager" aria-label={`${name}s`}>
      <button type="button" class="icon-button" aria-label={`Previous ${noun}`} disabled={page.number <= 1} onClick={() => onTurn(page.number - 1)}>
        <Icon name="back" />
      </button>
      <span class={page.pageCount === null ? "" : "visually-hidden"} aria-live="polite" data-testid="page-number">{place}</span>
      {page.pageCount !== null && (
        <form class="page-field" onSubmit={go}>
          <label>
            {name}{" "}
            <input inputMode="numeric" value={typed} maxLength={6} size={4} onInput={({ currentTarget }) => setTyped(currentTarget.value)} onBlur={go} />
          </label>{" "}
          of {page.pageCount}
        </form>
      )}
      <button type="button" class="icon-button" aria-label={`Next ${noun}`} disabled={!page.hasNext} onClick={() => onTurn(page.number + 1)}>
        <Icon name="forward" />
      </button>
    </nav>
  );
}

/** The page that a key asks for: an arrow, or PageUp and PageDown where the text ends; `null` when it asks for none. */
export function pageKey(event: KeyboardEvent, page: Page): number | null {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const on = event.target as Element;
  if (on.matches("input, textarea, select")) return null;
  const before = page.number > 1 ? page.number - 1 : null;
  const after = page.hasNext ? page.number + 1 : null;
  // What scrolls sideways takes the arrows for itself.
  const scrolls = on.closest("pre, .table") !== null;
  if (event.key === "ArrowLeft") return scrolls ? null : before;
  if (event.key === "ArrowRight") return scrolls ? null : after;
  const body = document.querySelector(".reader");
  if (body === null) return null;
  if (event.key === "PageUp") return body.scrollTop <= 0 ? before : null;
  if (event.key === "PageDown") return body.scrollTop + body.clientHeight >= body.scrollHeight - 1 ? after : null;
  return null;
}
