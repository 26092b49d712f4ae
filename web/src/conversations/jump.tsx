import { useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import { Popover } from "../ui/menu";
import { day, isoDay } from "../ui/time";
import { showError, notify } from "../ui/toast";
import type { Stretch } from "./history";
import type { OpenConversation } from "./open";
import { beginning, writtenSince } from "./read-history";

/** From this many messages on, jumping makes sense. */
const LONG = 20;

/** The title of a long conversation, with a way to its beginning and to a day. */
export function ConversationHeader({ open, title }: { open: OpenConversation; title: string }) {
  const { loaded, messages, before, after } = open.view.value;
  const isLong = loaded && (before !== null || after !== null || messages.length > LONG);
  if (!isLong) return <h2 class="visually-hidden">{title}</h2>;
  return (
    <header class="conversation-header">
      <h2 dir="auto" title={title}>{title}</h2>
      <Popover label="Go to a date" button={<Icon name="calendar" />}>
        {(close) => <Destinations open={open} close={close} />}
      </Popover>
    </header>
  );
}

function Destinations({ open, close }: { open: OpenConversation; close: () => void }) {
  const [busy, setBusy] = useState(false);
  const go = async (find: () => Promise<Stretch | null>) => {
    setBusy(true);
    try {
      const found = await find();
      // Before the jump, which moves the focus: closing gives it back to the button.
      close();
      if (found !== null) open.jump(found);
      return found === null ? undefined : open.view.peek().messages[0];
    } catch (error) {
      setBusy(false);
      throw error;
    }
  };
  const toDay = async (chosen: number) => {
    const first = await go(() => writtenSince(open, chosen));
    if (first === undefined) return notify(`No messages on or after ${day(chosen)}.`);
    const found = Date.parse(first.createdAt);
    if (isoDay(found) !== isoDay(chosen)) notify(`No messages on ${day(chosen)}. These are from ${day(found)}.`);
  };
  return (
    <div class="destinations">
      <button type="button" class="button quiet" disabled={busy} onClick={() => void go(() => beginning(open)).catch(showError)}>Beginning of the conversation</button>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const chosen = String(new FormData(event.currentTarget).get("day"));
          void toDay(new Date(`${chosen}T00:00`).getTime()).catch(showError);
        }}
      >
        <label for="day">Date</label>
        <div class="row">
          <input id="day" name="day" type="date" required max={isoDay(Date.now())} />
          <button type="submit" class="button primary" disabled={busy}>Go</button>
        </div>
      </form>
    </div>
  );
}
