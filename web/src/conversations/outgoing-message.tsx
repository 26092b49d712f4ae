import { connection } from "../realtime/socket";
import { MarkdownView } from "../ui/markdown-view";
import type { Outgoing } from "./outbox";
import { discard, resend } from "./sending";

export function OutgoingMessage({ entry: { clientId, content, state, problem } }: { entry: Outgoing }) {
  const waiting = connection.value === "online" ? "Sending…" : "Sending as soon as there is a connection…";
  return (
    <li class="message mine outgoing" data-testid="outgoing" data-state={state}>
      <div class="bubble">
        <MarkdownView text={content} citations={[]} />
        {state === "sending" && problem === null && <p class="meta">{waiting}</p>}
        {state === "sending" && problem !== null && <p class="meta" role="status">{problem} It will be sent by itself.</p>}
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
