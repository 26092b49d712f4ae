import type { ProblemBody } from "../realtime/types";

/** What went wrong, in a sentence for people, and a code for programs. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  /** Field of a form → what is wrong with it. */
  readonly fields: ReadonlyMap<string, string>;
  /** When trying again makes sense, where the server said so. */
  readonly retryAfterMs: number | null;

  constructor(
    code: string,
    message: string,
    status = 0,
    fields: ReadonlyMap<string, string> = new Map(),
    retryAfterMs: number | null = null,
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.fields = fields;
    this.retryAfterMs = retryAfterMs;
  }
}

export const unreachable = () =>
  new Problem("unreachable", "The server can’t be reached. Check your connection and try again.");

/**
 * From an answer, whatever it is: a proxy's error page has not one of ours. `retryAfter` is that header, `what` is what was
 * sent.
 */
export function problemFrom(status: number, body: string, retryAfter: string | null, what = "What you sent"): Problem {
  const problem = ours(body);
  const fields = new Map((problem.errors ?? []).map(({ field, message }) => [field, message]));
  const sentence = problem.detail === undefined ? ofSomebodyElse(status, what) : forPeople(problem.detail, problem.code, problem.requestId);
  return new Problem(problem.code ?? `http_${status}`, sentence, status, fields, milliseconds(retryAfter));
}

/** What a program says to programs: names of types, and where a parser gave up. */
const TECHNICAL = /UUID parsing|invalid (?:type|value|length)|expected (?:struct|enum|variant|any)|(?:missing|unknown|duplicate) (?:field|variant)|deserializ|at line \d+ column/i;

/** A sentence of the server's, as far as it is one for people. `id` finds what went wrong in the server's log. */
export function forPeople(detail: string, code?: string, id?: string): string {
  const said = id === undefined || id === "" ? "" : `, report this ID: ${id}`;
  if (code === "internal") return `Something went wrong on our side. Try again, and if it keeps happening${said || ", tell whoever runs this server"}.`;
  if (TECHNICAL.test(detail)) return `This page asked for something that the server does not understand. Reload it and try again${said && `; if it keeps happening${said}`}.`;
  return detail;
}

/** Empty when the body is not one of ours. */
function ours(body: string): Partial<ProblemBody> {
  try {
    const problem = JSON.parse(body) as unknown;
    return typeof problem === "object" && problem !== null ? problem : {};
  } catch {
    return {};
  }
}

/** What a proxy between here and the server means by its status. To try again helps only where something may change. */
function ofSomebodyElse(status: number, what: string): string {
  if (status === 413) return `${what} is larger than something on the way takes (413). Make it smaller, or ask whoever runs this server to allow more.`;
  if (status === 429) return "Something on the way says that there were too many requests (429). Wait a little, then try again.";
  if (status >= 400 && status < 500 && status !== 408 && status !== 425) {
    return `Something on the way to the server refused this (${status}). Trying again will not help: ask whoever runs this server.`;
  }
  return `The server answered with an error (${status}). Try again in a moment.`;
}

export async function problemOf(response: Response): Promise<Problem> {
  return problemFrom(response.status, await response.text(), response.headers.get("retry-after"));
}

function milliseconds(retryAfter: string | null): number | null {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : null;
}

/** A sentence for anything that can be thrown. */
export function sentence(error: unknown): string {
  return error instanceof Problem ? error.message : "Something went wrong here. Reload the page and try again.";
}
