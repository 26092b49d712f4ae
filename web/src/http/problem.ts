import type { ProblemBody } from "../realtime/types";

/** What went wrong, in a sentence for people, and a code for programs. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  /** Field of a form → what is wrong with it. */
  readonly fields: ReadonlyMap<string, string>;
  /** When to try again, if the server said so. */
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
 * From any error response; a proxy's error page has no problem of ours in its body. `retryAfter` is that header, `what` names
 * what was sent.
 */
export function problemFrom(status: number, body: string, retryAfter: string | null, what = "What you sent"): Problem {
  const problem = ours(body);
  const fields = new Map((problem.errors ?? []).map(({ field, message }) => [field, message]));
  const sentence = problem.detail === undefined ? ofProxy(status, what) : forPeople(problem.detail, problem.code, problem.requestId);
  return new Problem(problem.code ?? `http_${status}`, sentence, status, fields, milliseconds(retryAfter));
}

/** Details for programs: type names, and where a parser failed. */
const TECHNICAL = /UUID parsing|invalid (?:type|value|length)|expected (?:struct|enum|variant|any)|(?:missing|unknown|duplicate) (?:field|variant)|deserializ|at line \d+ column/i;

/** The server's sentence, if it is meant for people. `id` finds the error in the server's log. */
export function forPeople(detail: string, code?: string, id?: string): string {
  const report = id === undefined || id === "" ? "" : `, report this ID: ${id}`;
  if (code === "internal") return `Something went wrong on our side. Try again, and if it keeps happening${report || ", tell the server’s administrator"}.`;
  if (TECHNICAL.test(detail)) return `This page sent a request that the server does not understand. Reload it and try again${report && `; if it keeps happening${report}`}.`;
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

/** The sentence for a proxy's status. It suggests a retry only where that may help. */
function ofProxy(status: number, what: string): string {
  if (status === 413) return `${what} is too large for a proxy in front of this server (413). Make it smaller, or ask the server’s administrator to allow more.`;
  if (status === 429) return "A proxy in front of this server reports too many requests (429). Wait a moment, then try again.";
  if (status >= 400 && status < 500 && status !== 408 && status !== 425) {
    return `A proxy in front of this server refused the request (${status}). Trying again won’t help: ask the server’s administrator.`;
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

/** A sentence for any thrown value. */
export function sentence(error: unknown): string {
  return error instanceof Problem ? error.message : "Something went wrong here. Reload the page and try again.";
}
