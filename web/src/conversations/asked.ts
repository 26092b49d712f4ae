import { own } from "../auth/who";
import type { Message } from "../realtime/types";
import { recall, remember } from "../ui/storage";

// Which part of the sources a question was asked of, for a server whose messages do not say so: whoever asked it should know.

const MOST = 300;

type Asked = Readonly<Record<string, readonly [number, number]>>;

/** Client id → number of sources searched, and how many there were. */
const all = () => recall<Asked>(localStorage, own("asked"), {});

export function rememberAsked(clientId: string, searched: number, of: number): void {
  const entries = [...Object.entries(all()), [clientId, [searched, of]]].slice(-MOST);
  remember(localStorage, own("asked"), Object.fromEntries(entries));
}

/** In words; `null` when it was asked of everything, or elsewhere. */
export function askedOf({ clientId, asked }: Pick<Message, "clientId" | "asked">): string | null {
  const [sources, of] = asked == null ? all()[clientId] ?? [] : [asked.sources, asked.of];
  return sources === undefined ? null : `Asked ${sources} of ${of} sources`;
}
