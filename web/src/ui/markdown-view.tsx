import { useMemo } from "preact/hooks";
import { renderBlocks } from "./markdown";
import { sanitise } from "./sanitise";

interface Props {
  text: string;
  /** Those that exist, and what a reference to each is called. */
  citations: ReadonlyMap<number, string>;
  /** `nth`: which of the references to it, from the top. */
  onCite?: (number: number, nth: number) => void;
}

export const NO_CITATIONS: ReadonlyMap<number, string> = new Map();

export function MarkdownView({ text, citations, onCite }: Props) {
  const labels = [...citations.values()].join("\n");
  const blocks = useMemo(() => renderBlocks(text, citations), [text, labels]);
  return (
    <div
      class="markdown"
      onClick={(event) => {
        const chip = (event.target as Element).closest<HTMLElement>("[data-cite]");
        if (chip === null) return;
        const same = [...event.currentTarget.querySelectorAll(`[data-cite="${chip.dataset["cite"]}"]`)];
        onCite?.(Number(chip.dataset["cite"]), same.indexOf(chip));
      }}
    >
      {blocks.map((block, index) => <BlockView key={index} html={block.html} />)}
    </div>
  );
}

/** Drawn again only when its own HTML changes: in a stream that is the last block. */
function BlockView({ html }: { html: string }) {
  return useMemo(() => <div dangerouslySetInnerHTML={{ __html: sanitise(html) }} />, [html]);
}
