/** Types of what the server sends and accepts, over REST and Socket.IO, under this client's names. */

import type * as Server from "./generated";

export type {
  CookieView,
  Citation,
  CutOff,
  Failure,
  Format,
  IngestState,
  LoggedEvent as GenerationEvent,
  MemberList,
  MemberView as Member,
  Message,
  MessagePage as HistoryPage,
  ModelList as Models,
  NewInvitation,
  NotebookView as Notebook,
  Notification,
  NotificationList,
  NotRead,
  PageView as Page,
  Problem as ProblemBody,
  ProviderStatus as Provider,
  Refusal,
  Role,
  SearchResult as Hit,
  SearchResults,
  ServerEvents,
  SignedIn as Grant,
  Source,
  SourceVersion,
  UploadLimits,
  UserSummary as User,
} from "./generated";

/** `readRev` belongs to the caller; events, which go to everybody, do not have it. */
export type Conversation = Server.Conversation & Pick<Server.ReadConversation, "readRev">;

export type GenerationEventName = Server.LoggedEvent["type"];

export type Requests = Server.Requests;
export type Joined = Requests["conversation:join"]["acknowledgement"];
export type ReadMark = Joined["readMarks"][number];
export type RunningGeneration = Joined["generations"][number];
