import type { CutOff as Reason } from "../realtime/types";
import { Icon } from "../ui/icons";

const REASONS: Record<Reason, string> = {
  length: "This answer is cut off: the model reached its length limit. Ask again, or ask for less at a time.",
  filter: "This answer is cut off: the model provider’s filter withheld the rest.",
  refusal: "This answer is cut off: the model declined to continue.",
  unknown: "This answer may be cut off: the model server did not confirm that it is complete.",
};

/** Why an answer may end too early, and another go. */
export function CutOff({ reason, onAgain }: { reason: Reason; onAgain: () => void }) {
  return (
    <div class="cut-off" role="note">
      <Icon name="warn" />
      <p>{REASONS[reason] ?? REASONS.unknown}</p>
      <button type="button" class="button quiet" onClick={onAgain}>Ask again</button>
    </div>
  );
}
