/** Payloads shared by REST and Socket.IO, as `docs/realtime.md` gives them. */

export interface User {
  id: string;
  name: string;
  email: string;
}

export type Role = "viewer" | "editor" | "owner";

export interface Failure {
  code: string;
  message: string;
  retryable: boolean;
}

/** `document[start..end]`, offsets in Unicode code points, end exclusive. */
export interface Citation {
  number: number;
  sourceId: string;
  version: number;
  sourceName: string;
  page: number;
  paged: boolean;
  start: number;
  end: number;
  text: string;
}

type Author = { kind: "user"; userId: string; name: string } | { kind: "assistant"; model: string };

/** Why a complete answer may end too early. */
export type CutOff = "length" | "filter" | "refusal" | "unknown";

export interface Message {
  id: string;
  conversationId: string;
  clientId: string;
  position: number;
  rev: number;
  author: Author;
  content: string;
  citations: Citation[];
  status: "complete" | "stopped" | "interrupted" | "failed";
  failure: Failure | null;
  /** Missing in what a server of the version before says. */
  cutOff?: CutOff | null;
  generationId: string | null;
  replyTo: string | null;
  /** On a question that was limited to some of the sources: how many, and how many there were. */
  asked?: { sources: number; of: number } | null;
  createdAt: string;
  editedAt: string | null;
  deletedAt: string | null;
}

export interface Conversation {
  id: string;
  notebookId: string;
  title: string | null;
  model: string | null;
  createdBy: string;
  createdAt: string;
  head: number;
  /** When something was said in it last. Missing in what a server of the version before says, as is `readRev`. */
  lastMessageAt?: string;
  /** How far whoever asks has read it; `null`: they have never opened it. Not in events, which are for all. */
  readRev?: number | null;
}

export interface ReadMark {
  userId: string;
  rev: number;
}

export type IngestState =
  | { step: "queued" | "fetch" | "extract" | "chunk" | "ready" }
  | { step: "embed"; done: number; total: number }
  | { step: "failed"; at: string; code: string; message: string };

export interface NotRead {
  what: string;
  count: number;
  pages: number[];
  message: string;
}

export interface SourceVersion {
  version: number;
  format: "pdf" | "docx" | "pptx" | "xlsx" | "csv" | "html" | "markdown" | "text" | "web";
  size: number;
  state: IngestState;
  pageCount: number | null;
  chunkCount: number | null;
  /** What the file holds and was not read; not there: nothing that is known of. */
  notRead?: NotRead[];
  /** While it is queued: how many others have their turn before it. */
  ahead?: number;
  createdAt: string;
  updatedAt: string;
}

export interface Source {
  id: string;
  notebookId: string;
  name: string;
  origin: { kind: "upload" } | { kind: "url"; url: string };
  createdBy: string;
  createdAt: string;
  latest: SourceVersion;
  readyVersion: number | null;
}

export interface Notification {
  id: string;
  createdAt: string;
  readAt: string | null;
  about:
    | { kind: "addedToNotebook"; notebookId: string; title: string; by: string }
    | { kind: "sourceFailed"; notebookId: string; sourceName: string; message: string };
}

export interface RunningGeneration {
  generationId: string;
  questionId: string;
  answerId: string;
  model: string;
  state: string;
  lastEventId: number;
}

/** An event of a generation's log. */
export type GenerationEvent = { eventId: number } & (
  | { type: "started"; questionId: string; answerId: string; model: string }
  | { type: "citations"; citations: Citation[] }
  | { type: "delta"; text: string; thinking?: boolean; anew?: boolean }
  | { type: "done"; state: "done" | "stopped" | "interrupted"; answerId: string; cutOff?: CutOff; textLength?: number }
  | { type: "failed"; failure: Failure; textLength?: number }
);

export type GenerationEventName = GenerationEvent["type"];

export interface Joined {
  conversation: Conversation;
  messages: Message[];
  complete: boolean;
  readMarks: ReadMark[];
  generations: RunningGeneration[];
  present: string[];
}

interface InConversation {
  conversationId: string;
}

type OnGeneration<Name extends GenerationEventName> = InConversation & { generationId: string } & Omit<
    Extract<GenerationEvent, { type: Name }>,
    "type"
  >;

/** What the server says without being asked. */
export interface ServerEvents {
  "auth:expired": { graceSecs: number };
  "server:draining": { reconnectWithinMs: number };
  "server:closing": { code: string; message: string };
  "source:status": { source: Source };
  "source:deleted": { notebookId: string; sourceId: string };
  "notebook:updated": { notebookId: string; title: string };
  "notebook:deleted": { notebookId: string };
  "notebook:members": { notebookId: string };
  "conversation:updated": { conversation: Conversation };
  "conversation:activity": { notebookId: string; conversationId: string; head: number; lastMessageAt?: string };
  /** To the other devices of the one who has read. */
  "conversation:read": { notebookId: string; conversationId: string; rev: number };
  "conversation:deleted": { notebookId: string; conversationId: string };
  "presence:update": { notebookId: string; userIds: string[] };
  "message:new": { message: Message };
  "message:edited": { message: Message };
  "message:deleted": { message: Message };
  "messages:read": InConversation & { mark: ReadMark };
  /** Something may have been lost on the way: what a client should have by now. */
  "conversation:check": InConversation & { rev: number; generations: { generationId: string; lastEventId: number }[] };
  "user:typing": InConversation & { userId: string; name: string };
  "user:stopped-typing": InConversation & { userId: string; name: string };
  "generation:started": OnGeneration<"started">;
  "generation:citations": OnGeneration<"citations">;
  "generation:delta": OnGeneration<"delta">;
  "generation:done": OnGeneration<"done">;
  "generation:failed": OnGeneration<"failed">;
  "notification:new": { notification: Notification };
}

export interface Ask {
  model?: string;
  sourceIds?: string[];
}

/** What can be asked of the server, and what it acknowledges with. */
export interface Requests {
  "conversation:join": [{ conversationId: string; sinceRev?: number }, Joined];
  "conversation:leave": [InConversation, object];
  "message:send": [InConversation & { clientId: string; content: string; ask?: boolean } & Ask, { message: Message }];
  "message:edit": [InConversation & { messageId: string; content: string }, { message: Message }];
  "message:delete": [InConversation & { messageId: string }, { message: Message }];
  "message:regenerate": [InConversation & { messageId: string } & Ask, { generationId: string; answerId: string }];
  "generation:resume": [{ generationId: string; lastEventId: number }, { events: GenerationEvent[] }];
  "generation:stop": [{ generationId: string }, { stopped: boolean }];
  "typing:start": [InConversation, object];
  "typing:stop": [InConversation, object];
  "messages:read": [InConversation & { rev: number }, object];
  "auth:refresh": [{ token: string }, { expiresAt: string }];
}
