import type { Requests, ServerEvents } from "./types";

/** The connection as the sync layer sees it, so that tests can simulate a server that loses messages. */
export interface Wire {
  request<Name extends keyof Requests>(name: Name, payload: Requests[Name]["payload"]): Promise<Requests[Name]["acknowledgement"]>;
  on<Name extends keyof ServerEvents>(name: Name, handler: (payload: ServerEvents[Name]) => void): () => void;
  onConnected(handler: () => void): () => void;
  /** Events were lost on a live connection; events outside this conversation may have been lost, too. */
  missed(): void;
}
