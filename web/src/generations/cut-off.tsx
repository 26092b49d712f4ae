import type { CutOff as Reason } from "../realtime/types";
import { Icon } from "../ui/icons";

const REASONS: Record<Reason, string> = {
  length: "The answer was too long and was cut off: the model reached its limit. Ask again, or ask for less at a time.",
  filter: "This answer is cut off: a filter of the model’s provider withheld the rest.",
  refusal: "This answer is cut off: the model declined to go on.",
  unknown: "This answer may be cut off: the model server did not say that it is complete.",
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
