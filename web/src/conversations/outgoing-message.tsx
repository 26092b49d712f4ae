import { connection } from "../realtime/socket";
import { MarkdownView, NO_CITATIONS } from "../ui/markdown-view";
import type { Outgoing } from "./outbox";
import { discard, resend } from "./sending";

export function OutgoingMessage({ entry: { clientId, content, state, problem } }: { entry: Outgoing }) {
  const waiting = connection.value === "online" ? "Sending…" : "Will send when you’re online";
  return (
    <li class="message mine outgoing" data-testid="outgoing" data-state={state}>
      <div class="bubble">
        <MarkdownView text={content} citations={NO_CITATIONS} />
        {state === "sending" && problem === null && <p class="meta">{waiting}</p>}
        {state === "sending" && problem !== null && <p class="meta" role="status">{problem} It will be sent automatically.</p>}
        {state === "failed" && (
          <p class="problem" role="alert">
            Not sent. {problem}{" "}
            <button type="button" class="link" onClick={() => resend(clientId)}>Retry</button>{" "}
            <button type="button" class="link" onClick={() => discard(clientId)}>Discard</button>
          </p>
        )}
      </div>
    </li>
  );
}
