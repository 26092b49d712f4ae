/** From docs/openapi.json: `npm run types`. */

export type ConversationId = string;
export type NotebookId = string;
export type GenerationId = string;
export type UserId = string;
export type SourceId = string;
export type MessageId = string;
/**
 * Why the text of an answer may end before the answer does.
 */
export type CutOff = "length" | "filter" | "refusal" | "unknown";
export type Author = AuthorUser | AuthorAssistant;
export type MessageStatus = "complete" | "stopped" | "interrupted" | "failed";
export type NotificationAbout = NotificationAboutAddedToNotebook | NotificationAboutSourceFailed;
export type NotificationId = string;
/**
 * What a file is, told by its content first and its name second.
 */
export type Format = "pdf" | "docx" | "pptx" | "xlsx" | "csv" | "html" | "markdown" | "text" | "web";
/**
 * The kinds of content that are not read.
 */
export type Unread =
  | "pages_without_text"
  | "pictures"
  | "charts"
  | "diagrams"
  | "embedded_files"
  | "headers_and_footers"
  | "frames"
  | "other";
/**
 * How far the ingestion of a source has come.
 */
export type IngestState =
  | IngestStateQueued
  | IngestStateFetch
  | IngestStateExtract
  | IngestStateChunk
  | IngestStateEmbed
  | IngestStateReady
  | IngestStateFailed;
export type Origin = OriginUpload | OriginUrl;
export type GenerationState = "queued" | "running" | "done" | "stopped" | "interrupted" | "failed";
export type LoggedEvent =
  LoggedEventStarted | LoggedEventCitations | LoggedEventDelta | LoggedEventDone | LoggedEventFailed;
/**
 * What a member may do. Ordered: each role may do all that the one before it may.
 */
export type Role = "viewer" | "editor" | "owner";
/**
 * Follows from what it invites whom to, and when.
 */
export type InvitationId = string;
/**
 * What happens to a slot that passed while no worker ran.
 */
export type Missed = "catch-up" | "skip";
/**
 * A job's name: lower case letters, digits and dashes.
 */
export type JobName = string;
export type RunState = "requested" | "running" | "done" | "failed";
/**
 * A signed-in device: the life of one refresh token and its rotations.
 */
export type SessionId = string;

export interface Contract {
  events: ServerEvents;
  requests: Requests;
  refusal: Refusal;
}
export interface ServerEvents {
  /**
   * The token has expired: the socket is closed unless it is refreshed.
   */
  "auth:expired": {
    /**
     * Seconds.
     */
    graceSecs: number;
  };
  /**
   * A message was added: `head` is its rev, `lastMessageAt` when it was made.
   */
  "conversation:activity": {
    conversationId: ConversationId;
    head: number;
    lastMessageAt?: string;
    notebookId: NotebookId;
  };
  "conversation:check": {
    conversationId: ConversationId;
    generations: {
      generationId: GenerationId;
      lastEventId: number;
    }[];
    /**
     * 0: nothing is said of them.
     */
    rev: number;
  };
  "conversation:deleted": {
    conversationId: ConversationId;
    notebookId: NotebookId;
  };
  /**
   * Somebody has read up to `rev`, for their own other clients.
   */
  "conversation:read": {
    conversationId: ConversationId;
    notebookId: NotebookId;
    rev: number;
  };
  "conversation:updated": {
    conversation: Conversation;
  };
  /**
   * The passages given to the model; the stored answer keeps those that it refers to.
   */
  "generation:citations": {
    citations: Citation[];
    conversationId: ConversationId;
    eventId: number;
    generationId: GenerationId;
    type: "citations";
  };
  /**
   * Text to append, never the text so far.
   */
  "generation:delta": {
    /**
     * What came before was no answer (a thought that nothing announced): the text starts over with `text`.
     */
    anew?: boolean;
    conversationId: ConversationId;
    eventId: number;
    generationId: GenerationId;
    text: string;
    /**
     * The model thinks before it goes on; `text` is empty.
     */
    thinking?: boolean;
    type: "delta";
  };
  /**
   * `done`, `stopped` or `interrupted`; the answer is stored.
   */
  "generation:done": {
    answerId: MessageId;
    conversationId: ConversationId;
    cutOff?: CutOff;
    eventId: number;
    generationId: GenerationId;
    state: "done" | "stopped" | "interrupted";
    /**
     * Code points of all deltas together: who has fewer lacks some. The version before does not say.
     */
    textLength?: number;
    type: "done";
  };
  "generation:failed": {
    conversationId: ConversationId;
    eventId: number;
    failure: Failure;
    generationId: GenerationId;
    textLength?: number;
    type: "failed";
  };
  "generation:started": {
    answerId: MessageId;
    conversationId: ConversationId;
    eventId: number;
    generationId: GenerationId;
    model: string;
    questionId: MessageId;
    type: "started";
  };
  "message:deleted": {
    message: Message;
  };
  "message:edited": {
    message: Message;
  };
  "message:new": {
    message: Message;
  };
  "messages:read": {
    conversationId: ConversationId;
    /**
     * How far a member has read.
     */
    mark: {
      /**
       * Everything up to this rev.
       */
      rev: number;
      userId: UserId;
    };
  };
  "notebook:deleted": {
    notebookId: NotebookId;
  };
  "notebook:members": {
    notebookId: NotebookId;
  };
  "notebook:updated": {
    notebookId: NotebookId;
    title: string;
  };
  "notification:new": {
    notification: Notification;
  };
  /**
   * The members who are connected now.
   */
  "presence:update": {
    notebookId: NotebookId;
    userIds: UserId[];
  };
  /**
   * Why this socket is closed next.
   */
  "server:closing": {
    /**
     * Stable, for machines.
     */
    code: string;
    /**
     * A sentence for people.
     */
    message: string;
  };
  /**
   * The server is about to end.
   */
  "server:draining": {
    /**
     * Come back at a random moment within so many milliseconds.
     */
    reconnectWithinMs: number;
  };
  "source:deleted": {
    notebookId: NotebookId;
    sourceId: SourceId;
  };
  "source:status": {
    source: Source;
  };
  "user:stopped-typing": {
    conversationId: ConversationId;
    name: string;
    userId: UserId;
  };
  "user:typing": {
    conversationId: ConversationId;
    name: string;
    userId: UserId;
  };
}
export interface Conversation {
  createdAt: string;
  createdBy: UserId;
  /**
   * Rev of the last change; 0 while empty.
   */
  head: number;
  id: ConversationId;
  /**
   * When the last message was added; `createdAt` while empty. Edits and deletions do not move it.
   */
  lastMessageAt?: string;
  /**
   * What answers when a message names no model.
   */
  model: string | null;
  notebookId: NotebookId;
  /**
   * Null until the first question gives it one.
   */
  title: string | null;
}
/**
 * A numbered passage of a source that an answer refers to as `[number]`.
 */
export interface Citation {
  end: number;
  /**
   * Counts from 1 within the answer.
   */
  number: number;
  /**
   * The page or part that holds the passage: `GET /api/sources/{sourceId}/versions/{version}/pages/{page}`.
   */
  page: number;
  /**
   * Whether the source's format has pages that a reader would know by this number.
   */
  paged: boolean;
  sourceId: SourceId;
  sourceName: string;
  /**
   * `document[start..end]`, offsets in Unicode code points, end exclusive.
   */
  start: number;
  /**
   * The passage itself. One that begins among the rows of a table comes under the names of its columns and a line break:
   * its last `end - start` code points are those of the document.
   */
  text: string;
  version: number;
}
/**
 * Why an answer could not be given.
 */
export interface Failure {
  /**
   * Stable, for machines.
   */
  code: string;
  /**
   * One sentence for people.
   */
  message: string;
  /**
   * Whether asking again may help.
   */
  retryable: boolean;
}
export interface Message {
  asked?: Asked | null;
  author: Author;
  /**
   * The passages that `[n]` in an answer points to.
   */
  citations: Citation[];
  /**
   * Made by the sender, unique in the conversation: sending again is safe.
   */
  clientId: string;
  /**
   * Markdown; empty once deleted.
   */
  content: string;
  conversationId: ConversationId;
  createdAt: string;
  cutOff?: CutOff | null;
  deletedAt: string | null;
  editedAt: string | null;
  failure: Failure | null;
  generationId: GenerationId | null;
  id: MessageId;
  /**
   * Rev at which it was created: its place in the conversation, and the cursor of history pages.
   */
  position: number;
  replyTo: MessageId | null;
  /**
   * Rev of its last change.
   */
  rev: number;
  status: MessageStatus;
  supersededBy?: MessageId | null;
}
/**
 * Which part of a notebook a question was limited to.
 */
export interface Asked {
  /**
   * Sources that could be searched when the question was sent.
   */
  of: number;
  /**
   * Sources that were to be searched.
   */
  sources: number;
}
export interface AuthorUser {
  kind: "user";
  name: string;
  userId: UserId;
}
export interface AuthorAssistant {
  kind: "assistant";
  model: string;
}
export interface Notification {
  about: NotificationAbout;
  createdAt: string;
  id: NotificationId;
  readAt: string | null;
}
/**
 * Somebody made you a member of a notebook.
 */
export interface NotificationAboutAddedToNotebook {
  by: string;
  kind: "addedToNotebook";
  notebookId: NotebookId;
  title: string;
}
/**
 * A source that you added could not be read.
 */
export interface NotificationAboutSourceFailed {
  kind: "sourceFailed";
  message: string;
  notebookId: NotebookId;
  sourceName: string;
}
/**
 * One thing that a member added to a notebook.
 */
export interface Source {
  createdAt: string;
  createdBy: UserId;
  id: SourceId;
  latest: SourceVersion;
  /**
   * What people see: the file's name or the page's title.
   */
  name: string;
  notebookId: NotebookId;
  origin: Origin;
  /**
   * The newest version that can be searched; while a re-upload is ingested, the one before.
   */
  readyVersion: number | null;
}
/**
 * One upload of a source, and how far its ingestion has come.
 */
export interface SourceVersion {
  /**
   * While it is queued: the number of versions whose turn comes first.
   */
  ahead?: number;
  chunkCount: number | null;
  createdAt: string;
  format: Format;
  /**
   * What the file holds that was not read; empty: nothing that we know of.
   */
  notRead?: NotRead[];
  /**
   * Set when the format has pages.
   */
  pageCount: number | null;
  /**
   * Bytes of the file; 0 while a web page is still to be fetched.
   */
  size: number;
  state: IngestState;
  updatedAt: string;
  /**
   * Counts from 1 within the source.
   */
  version: number;
}
/**
 * One kind of content of a version that was not read.
 */
export interface NotRead {
  count: number;
  /**
   * For people.
   */
  message: string;
  /**
   * Where, for the first hundred; empty when the format has no pages.
   */
  pages: number[];
  what: Unread;
}
export interface IngestStateQueued {
  step: "queued";
}
export interface IngestStateFetch {
  step: "fetch";
}
export interface IngestStateExtract {
  step: "extract";
}
export interface IngestStateChunk {
  step: "chunk";
}
/**
 * `done` of `total` chunks are embedded and stored.
 */
export interface IngestStateEmbed {
  done: number;
  step: "embed";
  total: number;
}
export interface IngestStateReady {
  step: "ready";
}
/**
 * Why ingestion ended; the file is kept and can be tried again.
 */
export interface IngestStateFailed {
  /**
   * The step that failed: `fetch`, `extract`, `chunk` or `embed`.
   */
  at: string;
  /**
   * Stable, for machines.
   */
  code: string;
  /**
   * One sentence for people: what is wrong and what to do.
   */
  message: string;
  step: "failed";
}
export interface OriginUpload {
  kind: "upload";
}
export interface OriginUrl {
  kind: "url";
  url: string;
}
export interface Requests {
  "auth:refresh": {
    acknowledgement: {
      expiresAt: string;
    };
    payload: {
      token: string;
    };
  };
  "conversation:join": {
    acknowledgement: {
      /**
       * Whether nothing more was changed after `sinceRev`.
       */
      complete: boolean;
      conversation: Conversation;
      /**
       * Items: A generation that is not over.
       */
      generations: {
        answerId: MessageId;
        generationId: GenerationId;
        lastEventId: number;
        model: string;
        questionId: MessageId;
        state: GenerationState;
      }[];
      messages: Message[];
      present: UserId[];
      /**
       * Items: How far a member has read.
       */
      readMarks: {
        /**
         * Everything up to this rev.
         */
        rev: number;
        userId: UserId;
      }[];
    };
    payload: {
      conversationId: ConversationId;
      sinceRev?: number | null;
    };
  };
  "conversation:leave": {
    acknowledgement: {};
    payload: {
      conversationId: ConversationId;
    };
  };
  "generation:resume": {
    acknowledgement: {
      events: LoggedEvent[];
    };
    payload: {
      generationId: GenerationId;
      lastEventId: number;
    };
  };
  "generation:stop": {
    acknowledgement: {
      stopped: boolean;
    };
    payload: {
      generationId: GenerationId;
    };
  };
  "message:delete": {
    acknowledgement: {
      message: Message;
    };
    payload: {
      conversationId: ConversationId;
      messageId: MessageId;
    };
  };
  "message:edit": {
    acknowledgement: {
      message: Message;
    };
    payload: {
      content: string;
      conversationId: ConversationId;
      messageId: MessageId;
    };
  };
  "message:regenerate": {
    acknowledgement: {
      answerId: MessageId;
      generationId: GenerationId;
    };
    /**
     * What a new answer may be made with.
     */
    payload: {
      conversationId: ConversationId;
      messageId: MessageId;
      model?: string | null;
      sourceIds?: SourceId[] | null;
    };
  };
  "message:send": {
    acknowledgement: {
      message: Message;
    };
    /**
     * A message as a client sends it.
     */
    payload: {
      /**
       * `false` speaks to the other members only.
       */
      ask?: boolean;
      /**
       * Made by the client, unique in the conversation: sending the same again answers with what was stored the first time.
       * 1 to 64 visible ASCII characters; those that begin with `generation:` or `answer:` are the server's own.
       */
      clientId: string;
      /**
       * Markdown.
       */
      content: string;
      conversationId: ConversationId;
      /**
       * What answers; default: the conversation's model, then the server's.
       */
      model?: string | null;
      /**
       * The sources to search; default: all of the notebook.
       */
      sourceIds?: SourceId[] | null;
    };
  };
  "messages:read": {
    acknowledgement: {};
    payload: {
      conversationId: ConversationId;
      rev: number;
    };
  };
  "typing:start": {
    acknowledgement: {};
    payload: {
      conversationId: ConversationId;
    };
  };
  "typing:stop": {
    acknowledgement: {};
    payload: {
      conversationId: ConversationId;
    };
  };
}
export interface LoggedEventStarted {
  answerId: MessageId;
  eventId: number;
  model: string;
  questionId: MessageId;
  type: "started";
}
/**
 * The passages given to the model; the stored answer keeps those that it refers to.
 */
export interface LoggedEventCitations {
  citations: Citation[];
  eventId: number;
  type: "citations";
}
/**
 * Text to append, never the text so far.
 */
export interface LoggedEventDelta {
  /**
   * What came before was no answer (a thought that nothing announced): the text starts over with `text`.
   */
  anew?: boolean;
  eventId: number;
  text: string;
  /**
   * The model thinks before it goes on; `text` is empty.
   */
  thinking?: boolean;
  type: "delta";
}
/**
 * `done`, `stopped` or `interrupted`; the answer is stored.
 */
export interface LoggedEventDone {
  answerId: MessageId;
  cutOff?: CutOff;
  eventId: number;
  state: "done" | "stopped" | "interrupted";
  /**
   * Code points of all deltas together: who has fewer lacks some. The version before does not say.
   */
  textLength?: number;
  type: "done";
}
export interface LoggedEventFailed {
  eventId: number;
  failure: Failure;
  textLength?: number;
  type: "failed";
}
/**
 * Why an event has no effect.
 */
export interface Refusal {
  /**
   * Stable, for machines.
   */
  code: string;
  /**
   * What is wrong with its fields.
   */
  errors?: FieldError[];
  /**
   * A sentence for people.
   */
  message: string;
  /**
   * Seconds after which trying again makes sense.
   */
  retryAfter?: number;
  /**
   * As in REST.
   */
  status: number;
  /**
   * The trace that it happened in, as in the log.
   */
  traceId?: string;
}
/**
 * What is wrong with one field of a request.
 */
export interface FieldError {
  /**
   * Its name in the body or the query.
   */
  field: string;
  /**
   * A sentence for people.
   */
  message: string;
}
export interface AccountDeletion {
  /**
   * Also deletes, for all members, the notebooks that have no other owner. Without it, make
   * another member an owner of each first.
   */
  deleteNotebooks?: boolean;
  password: string;
}
/**
 * What a new answer may be made with.
 */
export interface AnswerRequest {
  model?: string | null;
  sourceIds?: SourceId[] | null;
}
export interface Answered {
  answer: Message | null;
  conversationId: ConversationId;
  generation: Generation;
  question: Message;
}
/**
 * A request for an answer, and how it ended.
 */
export interface Generation {
  answerId: MessageId;
  conversationId: ConversationId;
  createdAt: string;
  cutOff: CutOff | null;
  failure: Failure | null;
  finishedAt: string | null;
  id: GenerationId;
  /**
   * The id of the event that its log ends with, once it is over: who has seen fewer lacks some.
   */
  lastEventId?: number;
  model: string;
  notebookId: NotebookId;
  questionId: MessageId;
  requestedBy: UserId;
  /**
   * The sources to search; null: all of the notebook.
   */
  sourceIds: SourceId[] | null;
  state: GenerationState;
  supersedes: MessageId | null;
  /**
   * Code points of the text that was told, once it is over.
   */
  textLength?: number;
}
export interface CodeRequest {
  role: Role;
  /**
   * How many people it lets in; null or absent: as many as have it.
   */
  uses?: number | null;
}
/**
 * What is left out stays as it is.
 */
export interface ConversationChange {
  /**
   * What answers when a message names no model. Null goes back to the server's default.
   */
  model?: string | null;
  /**
   * Null takes the title back: the next question gives the conversation another.
   */
  title?: string | null;
}
export interface ConversationList {
  conversations: ReadConversation[];
  /**
   * `cursor` of the next page; null on the last page.
   */
  next: string | null;
}
/**
 * A conversation, as one member sees it.
 */
export interface ReadConversation {
  createdAt: string;
  createdBy: UserId;
  /**
   * Null but in the list of what was deleted.
   */
  deletedAt: string | null;
  /**
   * Rev of the last change; 0 while empty.
   */
  head: number;
  id: ConversationId;
  /**
   * When the last message was added; `createdAt` while empty. Edits and deletions do not move it.
   */
  lastMessageAt?: string;
  /**
   * What answers when a message names no model.
   */
  model: string | null;
  notebookId: NotebookId;
  /**
   * How far one has read it oneself; null: not at all.
   */
  readRev?: number | null;
  /**
   * Null until the first question gives it one.
   */
  title: string | null;
}
export interface CookieView {
  /**
   * Whether this request brought the refresh cookie.
   */
  kept: boolean;
}
export interface Credentials {
  email: string;
  password: string;
  /**
   * For clients that keep no cookies: puts the refresh token in the answer.
   */
  returnRefreshToken?: boolean;
}
/**
 * A multipart form with one file
 */
export interface FileForm {
  file: string;
}
export interface InvitationView {
  createdAt: string;
  email: string;
  /**
   * When its link stops working; null: it has none, as an earlier version made it. Invite again for one.
   */
  expiresAt: string | null;
  id: InvitationId;
  invitedBy: UserId;
  notebookId: NotebookId;
  role: Role;
}
export interface InviteRequest {
  email: string;
  role: Role;
}
export interface JobList {
  jobs: JobView[];
}
export interface JobView {
  /**
   * Seconds after which a silent worker counts as dead.
   */
  leaseSecs: number;
  missed: Missed;
  name: JobName;
  nextRun: string | null;
  /**
   * The newest 20, newest first.
   */
  runs: RunView[];
  /**
   * Seconds, minutes, hours, day of month, month, day of week, UTC; null: only when asked for.
   */
  schedule: string | null;
}
export interface RunView {
  /**
   * How often a worker began it: more than once when workers died.
   */
  attempts: number;
  durationMs: number | null;
  /**
   * Why it failed.
   */
  error: string | null;
  finishedAt: string | null;
  requestedBy: UserId | null;
  /**
   * The time that it is the run of: when it was due, or when it was asked for.
   */
  slot: string;
  /**
   * When the last of them did.
   */
  startedAt: string | null;
  state: RunState;
}
/**
 * Whoever has the code may join with this role.
 */
export interface JoinCode {
  /**
   * Ten characters of Crockford's base 32: no I, L, O, U.
   */
  code: string;
  /**
   * When it stops working; null: a code of an earlier version, which works until it is renewed.
   */
  expiresAt: string | null;
  role: Role;
  /**
   * How many more people it lets in; null: as many as have it.
   */
  usesLeft: number | null;
}
export interface JoinRequest {
  code: string;
}
/**
 * One thing that a member added to a notebook.
 */
export interface ListedSource {
  createdAt: string;
  createdBy: UserId;
  /**
   * Null but in the list of what was deleted.
   */
  deletedAt: string | null;
  id: SourceId;
  latest: SourceVersion;
  /**
   * What people see: the file's name or the page's title.
   */
  name: string;
  notebookId: NotebookId;
  origin: Origin;
  /**
   * The newest version that can be searched; while a re-upload is ingested, the one before.
   */
  readyVersion: number | null;
}
export interface LogLevelChange {
  /**
   * As in `COLLABRY_LOG`: `debug`, or `info,collabry_api=debug`.
   */
  filter: string;
  /**
   * For how long, up to a day; default: a quarter of an hour.
   */
  forSecs?: number | null;
}
export interface LogLevelView {
  /**
   * What the process that answers was started with.
   */
  configured: string | null;
  /**
   * What is logged instead; null: nothing else.
   */
  filter: string | null;
  /**
   * Until when.
   */
  until: string | null;
}
export interface MemberList {
  /**
   * For owners only.
   */
  invitations: InvitationView[];
  members: MemberView[];
  /**
   * `cursor` of the next page of members; null when there is none.
   */
  next: string | null;
  /**
   * Members who are connected now.
   */
  present: UserId[];
}
export interface MemberView {
  joinedAt: string;
  role: Role;
  user: MemberUser;
}
/**
 * What a member may know of another.
 */
export interface MemberUser {
  /**
   * For owners only.
   */
  email?: string;
  id: UserId;
  name: string;
}
export interface MessageEdit {
  /**
   * Markdown.
   */
  content: string;
}
export interface MessagePage {
  /**
   * Whether these are all; if not, ask again behind them.
   */
  complete: boolean;
  /**
   * Oldest first; with `sinceRev` by rev.
   */
  messages: Message[];
  /**
   * `before` of the next page; null on the last page.
   */
  nextBefore: number | null;
}
/**
 * A message as a client sends it.
 */
export interface MessageRequest {
  /**
   * `false` speaks to the other members only.
   */
  ask?: boolean;
  /**
   * Made by the client, unique in the conversation: sending the same again answers with what was stored the first time.
   * 1 to 64 visible ASCII characters; those that begin with `generation:` or `answer:` are the server's own.
   */
  clientId: string;
  /**
   * Markdown.
   */
  content: string;
  /**
   * What answers; default: the conversation's model, then the server's.
   */
  model?: string | null;
  /**
   * The sources to search; default: all of the notebook.
   */
  sourceIds?: SourceId[] | null;
}
export interface ModelInfo {
  id: string;
  /**
   * What people see.
   */
  label: string;
}
export interface ModelList {
  /**
   * What answers when neither the message nor the conversation names a model.
   */
  defaultModel: string;
  providers: ProviderStatus[];
}
/**
 * A provider and the models that it really has now.
 */
export interface ProviderStatus {
  healthy: boolean;
  models: ModelInfo[];
  /**
   * What is wrong, in a sentence.
   */
  problem: string | null;
  /**
   * `builtin`, `ollama`, `openai`, `anthropic`.
   */
  provider: string;
}
export interface ModelUsage {
  /**
   * Code points of their answers.
   */
  characters: number;
  generations: number;
  model: string;
}
export interface NewConversation {
  /**
   * What answers when a message names no model; null: the server's default.
   */
  model?: string | null;
  /**
   * Null: made from the first question.
   */
  title?: string | null;
}
export interface NewInvitation {
  /**
   * Lets one person in, whoever joins with it first; `/join#` and the code make a link. It is not shown again.
   */
  code: string;
  invitation: InvitationView;
}
export interface NotebookList {
  /**
   * `cursor` of the next page; null on the last page.
   */
  next: string | null;
  notebooks: NotebookView[];
}
/**
 * A notebook as its member sees it.
 */
export interface NotebookView {
  createdAt: string;
  /**
   * Null but in the list of what was deleted.
   */
  deletedAt: string | null;
  id: NotebookId;
  joinCode: JoinCode | null;
  role: Role;
  title: string;
  updatedAt: string;
}
export interface NotebookTitle {
  title: string;
}
export interface NotificationList {
  /**
   * `cursor` of the next page; null on the last page.
   */
  next: string | null;
  notifications: Notification[];
}
/**
 * A part of a document's text. A format without pages is cut into parts of a few thousand characters.
 */
export interface PageView {
  hasNext: boolean;
  /**
   * What the version holds and was not read.
   */
  notRead?: NotRead[];
  /**
   * Counts from 1.
   */
  number: number;
  /**
   * How many there are, when the format has pages.
   */
  pageCount: number | null;
  sourceName: string;
  /**
   * Offset of `text` in the document, in Unicode code points.
   */
  start: number;
  text: string;
  version: number;
}
export interface PasswordChange {
  currentPassword: string;
  /**
   * 10 to 256 characters; common passwords are refused.
   */
  newPassword: string;
}
/**
 * The body of every error.
 */
export interface Problem {
  /**
   * Stable, for machines.
   */
  code: string;
  /**
   * A sentence for people.
   */
  detail: string;
  errors?: FieldError[];
  requestId: string;
  status: number;
  title: string;
  /**
   * The trace that it happened in, as in the log.
   */
  traceId?: string;
  /**
   * `about:blank`: the code says it all.
   */
  type: string;
}
export interface QuestionRequest {
  conversationId?: ConversationId | null;
  /**
   * What answers; null: the conversation's model, then the server's.
   */
  model?: string | null;
  /**
   * Markdown.
   */
  question: string;
  /**
   * The sources to search; null: all of the notebook.
   */
  sourceIds?: SourceId[] | null;
}
export interface ReadRequest {
  upTo: NotificationId;
}
export interface ReadUpTo {
  /**
   * Everything up to this rev was read; a higher one than `head` is `head`.
   */
  rev: number;
}
/**
 * Browsers send the cookie and an empty object.
 */
export interface RefreshRequest {
  refreshToken?: string | null;
}
export interface Registration {
  /**
   * A join code, or that of an invitation: where registration is by invitation only, it takes the account in.
   */
  code?: string | null;
  email: string;
  /**
   * 1 to 80 characters; what other members see.
   */
  name: string;
  /**
   * 10 to 256 characters; common passwords are refused.
   */
  password: string;
  /**
   * For clients that keep no cookies: puts the refresh token in the answer.
   */
  returnRefreshToken?: boolean;
}
export interface RoleRequest {
  role: Role;
}
export interface SearchQuery {
  /**
   * How many passages at most.
   */
  limit?: number | null;
  /**
   * 1 to 1,000 characters.
   */
  query: string;
  /**
   * Default: all sources of the notebook.
   */
  sourceIds?: SourceId[] | null;
}
/**
 * A passage that was found. Offsets are in Unicode code points of the version's text, `end` exclusive.
 */
export interface SearchResult {
  chunkIndex: number;
  end: number;
  headings: string[];
  page: number;
  /**
   * Whether a reader would know the page by its number.
   */
  paged: boolean;
  /**
   * Fused rank score: comparable within one answer only.
   */
  score: number;
  /**
   * Cosine of query and passage, -1 to 1.
   */
  similarity: number;
  sourceId: SourceId;
  sourceName: string;
  start: number;
  /**
   * As that of a citation: among the rows of a table, under the names of its columns.
   */
  text: string;
  version: number;
}
export interface SearchResults {
  hits: SearchResult[];
}
export interface SessionList {
  /**
   * `cursor` of the next page; null on the last page.
   */
  next: string | null;
  sessions: SessionView[];
}
export interface SessionView {
  /**
   * The one that asks.
   */
  current: boolean;
  expiresAt: string;
  id: SessionId;
  lastUsedAt: string;
  signedInAt: string;
}
export interface SignedIn {
  /**
   * Goes into `Authorization: Bearer …`; good for 15 minutes.
   */
  accessToken: string;
  expiresAt: string;
  refreshToken?: string;
  user: UserSummary;
}
/**
 * What members of a notebook may know of each other.
 */
export interface UserSummary {
  email: string;
  id: UserId;
  name: string;
}
export interface SourceList {
  /**
   * `cursor` of the next page; null on the last page.
   */
  next: string | null;
  sources: ListedSource[];
}
export interface SourceRename {
  /**
   * What people see.
   */
  name: string;
}
export interface StopResult {
  /**
   * `false`: it was over already.
   */
  stopped: boolean;
}
export interface UploadLimits {
  /**
   * Bytes of a file at most; more is refused with `upload_too_large`.
   */
  maxUploadBytes: number;
}
export interface UrlRequest {
  url: string;
}
/**
 * One user's day, UTC.
 */
export interface UsageDay {
  day: string;
  /**
   * Messages sent.
   */
  messages: number;
  /**
   * Requested answers by model.
   */
  models: ModelUsage[];
  uploadedBytes: number;
  /**
   * Files added as sources, counting each version; they count for the user who added the source.
   */
  uploads: number;
}
export interface UsageReport {
  /**
   * Days, UTC, on which something was counted, in order.
   */
  days: UsageDay[];
  from: string;
  to: string;
}
export interface VersionList {
  /**
   * `cursor` of the next page; null on the last page.
   */
  next: string | null;
  versions: SourceVersion[];
}
