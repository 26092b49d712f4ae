import type { Notification } from "../realtime/types";
import { Icon } from "../ui/icons";
import { Popover } from "../ui/menu";
import { quoted } from "../ui/plain-name";
import { Link, notebookPath } from "../ui/router";
import { ago } from "../ui/time";
import { showError } from "../ui/toast";
import { markAllRead, notifications, unread } from "./store";

function describe({ about }: Notification): string {
  switch (about.kind) {
    case "addedToNotebook":
      return `${about.by} added you to ${quoted(about.title)}.`;
    case "sourceFailed":
      return `${quoted(about.sourceName)} could not be read. ${about.message}`;
  }
}

export function Bell() {
  const count = unread.value;
  const label = count === 0 ? "Notifications" : `Notifications, ${count} unread`;
  const button = (
    <>
      <Icon name="bell" />
      {count > 0 && <span class="badge" aria-hidden="true">{count}</span>}
    </>
  );
  return (
    <Popover label={label} button={button}>
      {(close) => (
        <div class="notifications">
          <div class="notifications-head">
            <h2>Notifications</h2>
            {count > 0 && (
              <button type="button" class="link" onClick={() => void markAllRead().catch(showError)}>Mark all as read</button>
            )}
          </div>
          {notifications.value.length === 0 && <p class="hint">No notifications. We’ll let you know when someone adds you to a notebook.</p>}
          <ul>
            {notifications.value.map((notification) => (
              <li key={notification.id} class={notification.readAt === null ? "unread" : ""}>
                <Link
                  to={notebookPath(notification.about.notebookId)}
                  onClick={() => {
                    close();
                    void markAllRead().catch(showError);
                  }}
                >
                  {describe(notification)}
                </Link>
                <time dateTime={notification.createdAt}>{ago(notification.createdAt)}</time>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Popover>
  );
}
