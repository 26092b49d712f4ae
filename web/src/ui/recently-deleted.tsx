import { useEffect, useId, useRef, useState } from "preact/hooks";
import { api } from "../http/client";
import { all } from "../http/list";
import { sentence } from "../http/problem";
import { keepFocus } from "./focus";
import { Icon } from "./icons";
import { ago } from "./time";
import { quoted } from "./plain-name";
import { showError, notify } from "./toast";

interface Props<T> {
  /** Of the list whose deleted items these are, and the field that has them. */
  path: string;
  name: "notebooks" | "sources" | "conversations";
  titleOf: (item: T) => string;
  /** Whether this user may bring it back. */
  mayRestore?: (item: T) => boolean;
  /** Takes it up where it was. */
  onRestored: (item: T) => void;
  /** How long the list is: shorter, something may have been deleted. */
  length: number;
}

interface Item {
  id: string;
  deletedAt?: string | null;
}

/** What can still be brought back, folded away; nothing where there is nothing. */
export function RecentlyDeleted<T extends Item>({ path, name, titleOf, mayRestore = () => true, onRestored, length }: Props<T>) {
  const [open, setOpen] = useState(false);
  const [items, setItems] = useState<T[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const id = useId();
  const last = useRef({ path: "", length: 0 });
  useEffect(() => {
    const before = last.current;
    last.current = { path, length };
    // What comes to the list is mostly new: of sixty files that are added none was deleted.
    if (before.path === path && length >= before.length && !open) return undefined;
    let wanted = true;
    deletedIn<T>(path, name).then(
      (read) => wanted && (setItems(read.filter(mayRestore)), setProblem(null)),
      (error: unknown) => wanted && setProblem(sentence(error)),
    );
    return () => {
      wanted = false;
    };
  }, [open, path, length]);
  const bringBack = async (item: T) => {
    onRestored(await restored<T>(name, item.id));
    setItems((known) => known?.filter((one) => one.id !== item.id) ?? null);
    keepFocus();
    notify(`${quoted(titleOf(item))} is back.`);
  };
  if ((items === null || items.length === 0) && !open) return null;
  if (items?.length === 0 && problem === null) return null;
  return (
    <div class="recently-deleted">
      <button type="button" class="link fold" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <Icon name="trash" /> Recently deleted <Icon name={open ? "down" : "forward"} />
      </button>
      {open && (
        <div id={id}>
          {problem !== null && <p class="problem" role="alert">{problem}</p>}
          <ul aria-label={`Recently deleted ${name}`}>
            {items?.map((item) => (
              <li key={item.id} class="deleted-item">
                <span class="deleted-name"><bdi title={titleOf(item)}>{titleOf(item)}</bdi><span class="hint">Deleted {ago(item.deletedAt ?? "")}</span></span>
                <button type="button" class="button quiet small" aria-label={`Restore ${titleOf(item)}`} onClick={() => void bringBack(item).catch(showError)}>Restore</button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** A server of the version before passes over what it does not know, and lists what there is: that is not deleted. */
async function deletedIn<T extends Item>(path: string, key: string): Promise<T[]> {
  return (await all<T>(`${path}?deleted=true`, key)).filter(({ deletedAt }) => deletedAt != null);
}

/** Brings back what was deleted. */
export function restored<T>(kind: Props<T>["name"], id: string): Promise<T> {
  return api<T>("POST", `/api/${kind}/${id}/restore`);
}

