import { useComputed } from "@preact/signals";
import { Component, type RefObject } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { me } from "../auth/session";
import { Thinking } from "../generations/running-answer";
import { members } from "../notebooks/members";
import type { Notebook } from "../realtime/types";
import { missed, on, onConnected, request } from "../realtime/socket";
import type { Message, Role } from "../realtime/types";
import { openChoice, searchable, selection } from "../sources/store";
import { Boundary } from "../ui/boundary";
import { randomId } from "../ui/ids";
import { Icon } from "../ui/icons";
import { Link, notebookPath } from "../ui/router";
import { setTitle } from "../ui/title";
import { showError } from "../ui/toast";
import { Announcer } from "./announcer";
import { Answers } from "./answers";
import { rememberAsked } from "./asked";
import { Composer } from "./composer";
import { hidden } from "./deleting";
import { withoutHidden } from "./deletions";
import { ConversationHeader } from "./jump";
import { forgetLog, logOf } from "./logs";
import { MessageView } from "./message";
import { rememberModel } from "./model-choice";
import { More } from "./more";
import { OpenConversation, type View } from "./open";
import { OutgoingMessage } from "./outgoing-message";
import { readEarlier, readLater } from "./read-history";
import { useChatScroll } from "./scroll";
import { deliverTo, outgoing, send, stored } from "./sending";
import { changeConversation, conversations, grown, markSeen, titleOf } from "./store";
import { type Item, reused, timeline } from "./timeline";

interface Props {
  notebook: Notebook;
  conversationId: string;
}

/** Joins a conversation for as long as it is on the screen. */
function useConversation(id: string): OpenConversation {
  const user = me.value;
  const open = useMemo(() => {
    const onMessage = ({ author, clientId }: Message) => {
      if (author.kind === "user" && author.userId === user?.id) stored(clientId);
    };
    return new OpenConversation({ request, on, onConnected, missed }, id, user?.id ?? "", onMessage, logOf(id));
  }, [id]);
  useEffect(() => {
    const undeliver = deliverTo((message) => open.take(message));
    const onVisible = () => {
      if (document.visibilityState === "visible") open.check();
    };
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      undeliver();
      open.dispose();
    };
  }, [open]);
  return open;
}

export function Chat({ notebook, conversationId }: Props) {
  const open = useConversation(conversationId);
  const view = open.view.value;
  const waiting = useComputed(() => outgoing.value.filter((entry) => entry.conversationId === conversationId));
  const drawn = useRef<Item[]>([]);
  const items = reused(timeline({ ...view, messages: withoutHidden(view.messages, hidden.value) }, waiting.value, Date.now()), drawn.current);
  drawn.current = items;
  const { box, content, atEnd, toEnd } = useChatScroll({ conversationId, first: view.messages[0]?.id, jumps: view.jumps, hasEnd: view.after === null });
  const conversation = view.conversation ?? conversations.value?.find(({ id }) => id === conversationId);
  const model = conversation?.model ?? null;
  const title = view.problem?.gone ? "Conversation not found" : titleOf(conversation);

  useEffect(() => {
    setTitle(title, notebook.title);
  }, [title, notebook.title]);
  useEffect(() => openChoice(conversationId), [conversationId]);
  useEffect(() => {
    if (view.problem?.gone) forgetLog(conversationId);
  }, [view.problem?.gone]);
  useEffect(() => {
    // What was read on another device has been read.
    const mine = view.readMarks.find(({ userId }) => userId === me.peek()?.id);
    if (mine !== undefined) markSeen(conversationId, mine.rev);
  }, [view.readMarks]);
  useEffect(() => {
    if (!view.loaded) return;
    const last = view.newest.at(-1);
    grown(conversationId, view.head, last?.createdAt ?? null);
    if (!atEnd || document.visibilityState !== "visible") return;
    open.markRead();
    markSeen(conversationId, view.head);
  }, [view.head, view.loaded, atEnd]);

  const toLatest = () => {
    open.leaveExcerpt();
    toEnd();
  };
  const submit = (text: string, ask: boolean) => {
    const sourceIds = ask ? selection.peek() : undefined;
    const clientId = randomId();
    if (sourceIds !== undefined) rememberAsked(clientId, sourceIds.length, searchable.peek().length);
    send({ conversationId, clientId, content: text, ...(ask ? {} : { ask }), ...(sourceIds === undefined ? {} : { sourceIds }) });
    toLatest();
  };

  if (view.problem?.gone) return <NoConversation notebook={notebook} why={view.problem.sentence} />;
  return (
    <>
      <ConversationHeader open={open} title={title} />
      <div class="messages" ref={box} tabIndex={-1}>
        <MoreAbove open={open} box={box} />
        {!view.loaded && <p class="loading" role="status"><span class="spinner" /> {view.problem?.sentence ?? "Opening the conversation…"}</p>}
        <ol ref={content} aria-label="Messages" class="message-list">
          {items.map((item) => <ItemRow key={item.key} item={item} role={notebook.role} model={model} />)}
        </ol>
        <MoreBelow open={open} box={box} />
        <Seen view={view} />
      </div>
      {!atEnd && <button type="button" class="button quiet to-end" onClick={toLatest}><Icon name="down" /> Latest</button>}
      <Announcer view={view} />
      <Typing open={open} />
      <Composer
        draftKey={conversationId}
        model={model}
        onModel={(next) => {
          rememberModel(next);
          void changeConversation(conversationId, { model: next }).catch(showError);
        }}
        onSend={submit}
        onTyping={() => open.typists.typing()}
        onStopTyping={() => open.typists.stopped()}
      />
    </>
  );
}

interface MoreProps {
  open: OpenConversation;
  box: RefObject<HTMLDivElement | null>;
}

function MoreAbove({ open, box }: MoreProps) {
  const { before, jumps } = open.view.value;
  if (before === null) return null;
  return <More key={`${jumps} ${before}`} label="Show earlier messages" busyLabel="Loading earlier messages…" read={() => readEarlier(open, before)} box={box} />;
}

function MoreBelow({ open, box }: MoreProps) {
  const { after, jumps } = open.view.value;
  if (after === null) return null;
  return <More key={`${jumps} ${after}`} label="Show later messages" busyLabel="Loading later messages…" read={() => readLater(open, after)} box={box} />;
}

interface ItemProps {
  item: Item;
  role: Role;
  model: string | null;
}

/** Of a thousand messages one that comes draws itself alone. */
class ItemRow extends Component<ItemProps> {
  override shouldComponentUpdate({ item, role, model }: ItemProps): boolean {
    return item !== this.props.item || role !== this.props.role || model !== this.props.model;
  }

  override render(props: ItemProps) {
    return (
      <Boundary instead={<li class="message"><p class="notice">This message can’t be shown.</p></li>}>
        <ItemView {...props} />
      </Boundary>
    );
  }
}

function ItemView({ item, role, model }: ItemProps) {
  switch (item.kind) {
    case "message":
      return <MessageView message={item.message} answers={item.answers} role={role} model={model} />;
    case "answers":
      return <Answers versions={item.versions} question={item.question} role={role} model={model} />;
    case "queued":
      return <li class="message answer running"><Thinking found={0} /></li>;
    case "outgoing":
      return <OutgoingMessage entry={item.entry} />;
  }
}

/** Shown if the conversation does not exist, or not for this user. */
export function NoConversation({ notebook, why }: { notebook: Notebook; why: string }) {
  return (
    <div class="empty">
      <h2>Conversation not found</h2>
      <p role="alert">{why}</p>
      <Link class="button primary" to={notebookPath(notebook.id, "new")}>Start a new conversation</Link>
    </div>
  );
}

function Typing({ open }: { open: OpenConversation }) {
  const names = [...open.typists.names.value.values()];
  const text = names.length === 0 ? "" : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing…`;
  return <p class="typing" role="status">{text}</p>;
}

/** Who of the others has read to the end. */
function Seen({ view }: { view: View }) {
  const last = view.messages.at(-1);
  if (last === undefined || view.after !== null || view.running.length > 0) return null;
  const readers = view.readMarks.filter(({ userId, rev }) => userId !== me.value?.id && rev >= last.position);
  const names = readers.flatMap(({ userId }) => members.value?.members.find(({ user }) => user.id === userId)?.user.name ?? []);
  return names.length === 0 ? null : <p class="seen">Seen by {names.join(", ")}</p>;
}
