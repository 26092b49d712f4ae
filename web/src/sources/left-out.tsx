import type { NotRead } from "../realtime/types";

/** What a source holds and was not read, in sentences; nothing when all of it was. */
export function LeftOut({ notRead }: { notRead: readonly NotRead[] | undefined }) {
  if (notRead === undefined || notRead.length === 0) return null;
  return (
    <p class="hint" data-testid="not-read">
      {notRead.map(({ message }) => message).join(" ")}
    </p>
  );
}
