import { Icon } from "../ui/icons";

export type Tool = "find" | "outline";

interface Props {
  open: Tool | null;
  onOpen: (tool: Tool | null) => void;
}

const TOOLS = [["outline", "Outline", "list"], ["find", "Find in this source", "search"]] as const;

/** What helps to find one's way in a source. */
export function Tools({ open, onOpen }: Props) {
  return (
    <span class="reader-tools">
      {TOOLS.map(([tool, label, icon]) => (
        <button key={tool} type="button" class="icon-button" aria-label={label} title={label} aria-pressed={open === tool} onClick={() => onOpen(open === tool ? null : tool)}>
          <Icon name={icon} />
        </button>
      ))}
    </span>
  );
}
