import { computed } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Chat, NoConversation } from "../conversations/chat";
import { ConversationList } from "../conversations/list";
import { NewChat } from "../conversations/new-chat";
import { conversations, countUnread, followConversations } from "../conversations/store";
import { Problem, sentence } from "../http/problem";
import type { Notebook } from "../realtime/types";
import { DropZone } from "../sources/drop-zone";
import { FilePicker } from "../sources/file-picker";
import { SourceList } from "../sources/list";
import { PassagePanel } from "../sources/passage-panel";
import { SearchPanel } from "../sources/search-panel";
import { followSources } from "../sources/store";
import { closeLayer, openLayer } from "../ui/layer";
import { openPanel, panel } from "../ui/panel";
import { Link, navigate, notebookPath, query } from "../ui/router";
import { recall, remember } from "../ui/storage";
import { showErrorUnlessOffline } from "../ui/toast";
import { setTitle } from "../ui/title";
import { isId } from "../ui/uuid";
import { followMembers } from "./members";
import { MembersPanel } from "./members-panel";
import { notebooks, readNotebook } from "./store";

interface Props {
  notebookId: string;
  conversationId: string | null;
}

type Pane = "conversations" | "chat" | "sources";

/** What a phone shows of the notebook; a wide screen shows all. It is in the address, and Back leads from a list to the chat. */
const pane = computed<Pane>(() => {
  const tab = query.value.get("tab");
  return tab === "conversations" || tab === "sources" ? tab : "chat";
});

function showPane(next: Pane): void {
  if (next === pane.peek()) return;
  if (next === "chat") closeLayer("tab", { tab: null });
  else openLayer("tab", pane.peek() !== "chat", { tab: next });
}

const MISSING = "It does not exist, or you are not a member of it.";
const LOST = "You no longer have access to this notebook, or it was deleted.";

/** What has to be open as long as the notebook is. */
function useNotebook(id: string): { notebook: Notebook | undefined; problem: string | null } {
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    setProblem(null);
    if (!isId(id)) return setProblem(MISSING);
    readNotebook(id).catch((error: unknown) => {
      const missing = error instanceof Problem && error.code === "not_found";
      setProblem(missing ? MISSING : sentence(error));
    });
    const unfollow = [followSources, followMembers, followConversations].map((follow) => follow(id, ignoreMissing));
    return () => {
      for (const stop of unfollow) stop();
    };
  }, [id]);
  return { notebook: notebooks.value?.find((notebook) => notebook.id === id), problem };
}

/** A notebook that is gone is said once, by the page itself. */
function ignoreMissing(error: unknown): void {
  if (!(error instanceof Problem) || error.code !== "not_found") showErrorUnlessOffline(error);
}

export function NotebookPage({ notebookId, conversationId }: Props) {
  const { notebook, problem } = useNotebook(notebookId);
  const [known, setKnown] = useState(false);
  useEffect(() => {
    if (notebook !== undefined) setKnown(true);
  }, [notebook?.id]);
  useLastConversation(notebookId, conversationId);
  useSearchKey();
  if (notebook === undefined) return <Missing problem={known ? LOST : problem} />;
  return (
    <DropZone notebookId={notebookId} enabled={notebook.role !== "viewer"}>
      <main class={panel.value === null ? "workspace" : "workspace with-panel"} data-pane={pane.value}>
        <div class="sidebar">
          <ConversationList notebook={notebook} openId={conversationId} />
          <SourceList notebookId={notebookId} role={notebook.role} />
        </div>
        <section id="main" class="chat" tabIndex={-1} aria-label="Conversation">
          {conversationId === "new" && <NewChat key={notebook.id} notebook={notebook} />}
          {conversationId !== null && isId(conversationId) && (
            <Chat key={conversationId} notebook={notebook} conversationId={conversationId} />
          )}
          {conversationId !== null && conversationId !== "new" && !isId(conversationId) && <NowhereChat notebook={notebook} />}
        </section>
        {panel.value?.kind === "passage" && <PassagePanel target={panel.value.target} />}
        {panel.value?.kind === "search" && <SearchPanel key={notebookId} notebookId={notebookId} query={panel.value.query} />}
        {panel.value?.kind === "members" && <MembersPanel notebook={notebook} />}
        {notebook.role !== "viewer" && <FilePicker notebookId={notebookId} />}
        <Tabs unread={countUnread(conversationId) > 0} />
      </main>
    </DropZone>
  );
}

/** At an address that can be no conversation's. */
function NowhereChat({ notebook }: { notebook: Notebook }) {
  useEffect(() => {
    setTitle("Conversation not found", notebook.title);
  }, [notebook.title]);
  return <NoConversation notebook={notebook} why="This address does not lead to a conversation." />;
}

/** "/" searches, where it is not written. */
function useSearchKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const modified = event.ctrlKey || event.metaKey || event.altKey;
      const elsewhere = event.target instanceof Element && event.target.closest("input, textarea, select, dialog, [role=menu]") !== null;
      if (event.key !== "/" || modified || elsewhere || event.defaultPrevented) return;
      event.preventDefault();
      if (panel.peek()?.kind === "search") document.getElementById("search-field")?.focus();
      else openPanel({ kind: "search", query: "" });
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** An address without a conversation leads to the one that was open last, or to a new one. */
function useLastConversation(notebookId: string, conversationId: string | null): void {
  const list = conversations.value;
  const key = `last.${notebookId}`;
  useEffect(() => {
    if (conversationId !== null) {
      if (isId(conversationId)) remember(localStorage, key, conversationId);
      return;
    }
    // Not `list`: on the way from one notebook to the next that can be the list of the one before.
    const now = conversations.peek();
    if (now === null) return;
    const last = recall<string | null>(localStorage, key, null);
    const open = now.find(({ id }) => id === last) ?? now[0];
    navigate(notebookPath(notebookId, open?.id ?? "new") + location.search, "replace", history.state);
  }, [notebookId, conversationId, list]);
}

function Missing({ problem }: { problem: string | null }) {
  const title = problem === MISSING || problem === LOST ? "Notebook not found" : "Couldn’t open the notebook";
  useEffect(() => {
    if (problem !== null) setTitle(title);
  }, [problem]);
  return (
    <main id="main" class="page" tabIndex={-1}>
      {problem === null
        ? <p class="loading" role="status"><span class="spinner" /> Opening the notebook…</p>
        : <div class="empty"><h1>{title}</h1><p role="alert">{problem}</p><Link to="/" class="button primary">Go to your notebooks</Link></div>}
    </main>
  );
}

const TABS: [Pane, string][] = [["conversations", "Conversations"], ["chat", "Chat"], ["sources", "Sources"]];

function Tabs({ unread }: { unread: boolean }) {
  return (
    <nav class="tabs" aria-label="Parts of the notebook">
      {TABS.map(([name, label]) => (
        <button
          key={name}
          type="button"
          aria-current={pane.value === name ? "true" : undefined}
          onClick={() => showPane(name)}
        >
          {label}
          {name === "conversations" && unread && <> <span class="dot new"><span class="visually-hidden">, unread</span></span></>}
        </button>
      ))}
    </nav>
  );
}
