import type { ComponentChildren, RefObject } from "preact";
import { labelOf } from "../models/store";
import { request } from "../realtime/socket";
import { Icon } from "../ui/icons";
import { MarkdownView } from "../ui/markdown-view";
import { showError } from "../ui/toast";
import { citationLabels, openCitation } from "./citations";
import { Failed } from "./failed";
import type { Running } from "./running";

interface Props {
  running: Running;
  about: ComponentChildren;
  pager: ComponentChildren;
  row: RefObject<HTMLLIElement | null>;
}

/** An answer while it is being written. Reading `tick` is what draws it again. */
export function RunningAnswer({ running: { stream, tick }, about, pager, row }: Props) {
  void tick.value;
  const { text, citations, model, over, failure, thinking } = stream;
  const stop = () => {
    // The button goes before the answer is stored.
    row.current?.focus({ preventScroll: true });
    void request("generation:stop", { generationId: stream.id }).catch(showError);
  };
  return (
    <li ref={row} tabIndex={-1} class="message answer running" data-testid="answer" data-status={stream.state} aria-label="Answer being written" aria-busy={!over}>
      <h3 class="visually-hidden">Answer</h3>
      {about}
      {text === "" && !over && <Thinking found={citations.length} thinking={thinking} />}
      <MarkdownView text={text} citations={citationLabels(citations)} onCite={(number, nth) => openCitation(citations, number, text, nth)} />
      {failure !== null && <Failed failure={failure} onRetry={null} />}
      {!over && (
        <div class="actions always">
          {pager}
          <span class="spinner" aria-hidden="true" />
          <span class="hint">{labelOf(model)}</span>
          <button type="button" class="button quiet small" aria-label="Stop answer" onClick={stop}><Icon name="stop" /> Stop</button>
        </div>
      )}
    </li>
  );
}

export function Thinking({ found, thinking = false }: { found: number; thinking?: boolean }) {
  const reading = found === 0 ? "Searching your sources…" : `Reading ${found} ${found === 1 ? "passage" : "passages"}…`;
  return <p class="thinking">{thinking ? "Thinking…" : reading}</p>;
}
