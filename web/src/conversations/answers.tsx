import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { RunningAnswer } from "../generations/running-answer";
import type { Message, Role } from "../realtime/types";
import { Icon } from "../ui/icons";
import { Answer } from "./answer";
import type { Version } from "./timeline";

interface Props {
  versions: readonly Version[];
  /** `null`: further up than what has been read. */
  question: Message | null;
  role: Role;
  model: string | null;
}

const idOf = (version: Version) => (version.kind === "stored" ? version.message.id : version.running.stream.answerId);

/** When what has the focus gives way to another version, that one gets it: its own buttons are not the same. */
function useFocusKept(version: string): RefObject<HTMLLIElement | null> {
  const row = useRef<HTMLLIElement>(null);
  const before = useRef(version);
  // Asked before the change is drawn: afterwards the focus is nowhere.
  const inside = before.current !== version && row.current?.contains(document.activeElement) === true;
  useLayoutEffect(() => {
    before.current = version;
    if (inside) row.current?.focus({ preventScroll: true });
  }, [version]);
  return row;
}

/** The answers to one question: the newest, and a way to the others. */
export function Answers({ versions, question, role, model }: Props) {
  const [chosen, setChosen] = useState<string | null>(null);
  // Whoever asks again wants to see what comes.
  useEffect(() => setChosen(null), [versions.length]);
  const found = versions.findIndex((version) => idOf(version) === chosen);
  const index = found < 0 ? versions.length - 1 : found;
  const shown = versions[index];
  const row = useFocusKept(shown === undefined ? "" : `${shown.kind} ${idOf(shown)}`);
  if (shown === undefined) return null;
  const turn = (to: number) => {
    const next = versions[to];
    setChosen(next === undefined || to === versions.length - 1 ? null : idOf(next));
  };
  const pager = versions.length > 1 && (
    <span class="versions" role="group" aria-label="Versions of this answer">
      <button type="button" class="icon-button" aria-label="Previous answer" disabled={index === 0} onClick={() => turn(index - 1)}><Icon name="back" /></button>
      <span data-testid="version">{index + 1} / {versions.length}</span>
      <button type="button" class="icon-button" aria-label="Next answer" disabled={index === versions.length - 1} onClick={() => turn(index + 1)}><Icon name="forward" /></button>
    </span>
  );
  const about = question === null && <p class="reply-to">Answer to an earlier message</p>;
  if (shown.kind === "running") return <RunningAnswer running={shown.running} about={about} pager={pager} row={row} />;
  return <Answer message={shown.message} question={question} about={about} pager={pager} role={role} model={model} row={row} />;
}
