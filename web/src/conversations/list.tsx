import { useState } from "preact/hooks";
import { me } from "../auth/session";
import type { Notebook } from "../realtime/types";
import type { Conversation } from "../realtime/types";
import { Icon } from "../ui/icons";
import { panelQuery } from "../ui/panel";
import { RecentlyDeleted } from "../ui/recently-deleted";
import { useRoving } from "../ui/roving";
import { Link, notebookPath } from "../ui/router";
import { groupOf, GROUPS } from "./activity";
import { ConversationRow } from "./row";
import { conversations, keep, lastActivity, titleOf } from "./store";

interface Props {
  notebook: Notebook;
  openId: string | null;
}

/** From this many on, the list is grouped and searchable. */
const LONG = 8;

export function ConversationList({ notebook, openId }: Props) {
  const [sought, setSought] = useState("");
  const list = conversations.value;
  const long = (list?.length ?? 0) > LONG;
  const wanted = long ? sought.trim().toLocaleLowerCase() : "";
  const found = list?.filter((one) => titleOf(one).toLocaleLowerCase().includes(wanted)) ?? [];
  const rows = useRoving<HTMLUListElement>("a");
  return (
    <section class="conversations" aria-label="Conversations">
      <header class="section-header">
        <h2>Conversations</h2>
        <Link class="icon-button" to={notebookPath(notebook.id, "new") + panelQuery()} label="New conversation"><Icon name="add" /></Link>
      </header>
      {list === null && <p class="loading" role="status"><span class="spinner" /> Loading conversations…</p>}
      {list?.length === 0 && <p class="hint">No conversations yet. Ask a question to start one.</p>}
      {long && (
        <input
          type="search"
          class="finder"
          aria-label="Find a conversation"
          placeholder="Find a conversation"
          value={sought}
          onInput={({ currentTarget }) => setSought(currentTarget.value)}
        />
      )}
      <ul class="conversation-list" aria-label="Conversations" {...rows}>
        {(long ? grouped(found) : [{ name: null, list: found }]).map((group) => [
          group.name !== null && <li key={group.name} class="group"><h3>{group.name}</h3></li>,
          ...group.list.map((conversation) => (
            <ConversationRow key={conversation.id} conversation={conversation} notebook={notebook} open={conversation.id === openId} />
          )),
        ])}
      </ul>
      {wanted !== "" && found.length === 0 && <p class="hint" role="status">No conversations match.</p>}
      {list !== null && (
        <RecentlyDeleted<Conversation>
          path={`/api/notebooks/${notebook.id}/conversations`}
          name="conversations"
          titleOf={titleOf}
          mayRestore={({ createdBy }) => notebook.role !== "viewer" || createdBy === me.value?.id}
          onRestored={keep}
          length={list.length}
        />
      )}
    </section>
  );
}

function grouped(list: readonly Conversation[]): { name: string | null; list: Conversation[] }[] {
  const now = Date.now();
  return GROUPS.map((name) => ({ name, list: list.filter((one) => groupOf(lastActivity(one), now) === name) })).filter((group) => group.list.length > 0);
}
