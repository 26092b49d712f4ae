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
  new Problem("unreachable", "The server cannot be reached. Check your connection and try again.");

interface ProblemBody {
  code?: string;
  detail?: string;
  errors?: { field: string; message: string }[];
}

/** From an answer, whatever it is: a proxy's error page has none of ours. `retryAfter` is that header. */
export function problemFrom(status: number, body: string, retryAfter: string | null): Problem {
  let problem: ProblemBody = {};
  try {
    problem = JSON.parse(body) as ProblemBody;
  } catch {
    // Not ours; the sentence below stands.
  }
  const fields = new Map((problem.errors ?? []).map(({ field, message }) => [field, message]));
  const sentence = problem.detail ?? `The server answered with an error (${status}). Try again in a moment.`;
  return new Problem(problem.code ?? `http_${status}`, sentence, status, fields, milliseconds(retryAfter));
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
