import { useEffect, useState } from "preact/hooks";
import { sentence } from "../http/problem";
import { Link, navigate, notebookPath } from "../ui/router";
import { joinNotebook } from "./store";

/** Where a shared link leads: takes the code, and goes on to the notebook. */
export function JoinPage({ code }: { code: string }) {
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    joinNotebook(code).then(
      ({ id }) => navigate(notebookPath(id), "replace"),
      (error: unknown) => setProblem(sentence(error)),
    );
  }, [code]);
  return (
    <main id="main" class="page" tabIndex={-1}>
      {problem === null
        ? <p class="loading" role="status"><span class="spinner" /> Joining the notebook…</p>
        : <div class="empty"><h1>That did not work</h1><p role="alert">{problem}</p><Link to="/" class="button primary">Go to your notebooks</Link></div>}
    </main>
  );
}
