import type { Failure } from "../realtime/types";
import { Icon } from "../ui/icons";

/** Why there is no answer, with a retry where that may help. */
export function Failed({ failure, onRetry }: { failure: Failure | null; onRetry: (() => void) | null }) {
  return (
    <div class="failed">
      <Icon name="warn" />
      <p>{failure?.message ?? "Couldn’t generate an answer."}</p>
      {onRetry !== null && failure?.retryable !== false && <button type="button" class="button quiet" onClick={onRetry}>Try again</button>}
    </div>
  );
}
