import type { Requests, ServerEvents } from "./types";

/** The connection as the sync layer sees it, so that its tests can stand in for a server that loses things. */
export interface Wire {
  request<Name extends keyof Requests>(name: Name, payload: Requests[Name]["payload"]): Promise<Requests[Name]["acknowledgement"]>;
  on<Name extends keyof ServerEvents>(name: Name, handler: (payload: ServerEvents[Name]) => void): () => void;
  onConnected(handler: () => void): () => void;
  /** Events were lost on a connection that goes on: others than those of this conversation may have been, too. */
  missed(): void;
}
