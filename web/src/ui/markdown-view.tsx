import { useMemo } from "preact/hooks";
import { renderBlocks } from "./markdown";
import { sanitise } from "./sanitise";

interface Props {
  text: string;
  /** Numbers of the citations that exist. */
  citations: readonly number[];
  onCite?: (number: number) => void;
}

export function MarkdownView({ text, citations, onCite }: Props) {
  const numbers = citations.join();
  const blocks = useMemo(() => renderBlocks(text, new Set(citations)), [text, numbers]);
  return (
    <div
      class="markdown"
      onClick={(event) => {
        const chip = (event.target as Element).closest<HTMLElement>("[data-cite]");
        if (chip !== null) onCite?.(Number(chip.dataset["cite"]));
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
