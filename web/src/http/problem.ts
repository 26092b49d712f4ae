/** What went wrong, in a sentence for people, and a code for programs. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  /** Field of a form → what is wrong with it. */
  readonly fields: ReadonlyMap<string, string>;

  constructor(code: string, message: string, status = 0, fields: ReadonlyMap<string, string> = new Map()) {
    super(message);
    this.code = code;
    this.status = status;
    this.fields = fields;
  }
}

export const unreachable = () =>
  new Problem("unreachable", "The server cannot be reached. Check your connection and try again.");

interface ProblemBody {
  code?: string;
  detail?: string;
  errors?: { field: string; message: string }[];
}

/** From the body of an answer, whatever it is: a proxy's error page has none of ours. */
export function problemFrom(status: number, body: string): Problem {
  let problem: ProblemBody = {};
  try {
    problem = JSON.parse(body) as ProblemBody;
  } catch {
    // Not ours; the sentence below stands.
  }
  const fields = new Map((problem.errors ?? []).map(({ field, message }) => [field, message]));
  const sentence = problem.detail ?? `The server answered with an error (${status}). Try again in a moment.`;
  return new Problem(problem.code ?? `http_${status}`, sentence, status, fields);
}

/** A sentence for anything that can be thrown. */
export function sentence(error: unknown): string {
  return error instanceof Problem ? error.message : "Something went wrong here. Reload the page and try again.";
}
