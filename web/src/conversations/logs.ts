import { ConversationLog } from "./log";

/** So many conversations are shown at once when they are opened again, whatever the connection does. */
const MOST = 20;

const logs = new Map<string, ConversationLog>();

/** The log of a conversation as it was when it was left, or a new one. */
export function logOf(id: string): ConversationLog {
  const log = logs.get(id) ?? new ConversationLog();
  logs.delete(id);
  logs.set(id, log);
  const [oldest] = logs.keys();
  if (logs.size > MOST && oldest !== undefined) logs.delete(oldest);
  return log;
}

/** Nothing of a conversation that is gone, or of a user who has left, stays behind. */
export function forgetLog(id: string): void {
  logs.delete(id);
}

export function forgetLogs(): void {
  logs.clear();
}
