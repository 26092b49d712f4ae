import { useEffect, useState } from "preact/hooks";
import { sentence } from "../http/problem";
import { setTitle } from "../ui/title";
import { Link, navigate, notebookPath } from "../ui/router";
import { joinNotebook } from "./store";

/** Where a shared link leads. To open it joins nothing: that takes a click. */
export function JoinPage({ code }: { code: string }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => setTitle("Join a notebook"), []);
  const join = async () => {
    setBusy(true);
    try {
      const { id } = await joinNotebook(code);
      navigate(notebookPath(id), "replace");
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  };
  if (problem !== null || code === "") {
    return (
      <main id="main" class="page" tabIndex={-1}>
        <div class="empty">
          <h1>Couldn’t join</h1>
          <p role="alert">{problem ?? "This link has no code. Ask for a new one."}</p>
          <Link to="/" class="button primary">Go to your notebooks</Link>
        </div>
      </main>
    );
  }
  return (
    <main id="main" class="page" tabIndex={-1}>
      <div class="empty">
        <h1>Join a notebook?</h1>
        <p>You have been invited to a notebook. Its members will see your name and when you are online.</p>
        <button type="button" class="button primary" disabled={busy} onClick={() => void join()}>Join the notebook</button>
        <Link to="/" class="button quiet">Not now</Link>
      </div>
    </main>
  );
}
