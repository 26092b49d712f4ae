import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, sentence } from "../http/problem";
import { route } from "../ui/router";
import { setTitle } from "../ui/title";
import { Field } from "./field";
import { signedOutBecause, signIn, signUp } from "./session";

type Mode = "signIn" | "signUp";

export function SignInPage() {
  const [mode, setMode] = useState<Mode>("signIn");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | Error | null>(null);
  const fields = problem instanceof Problem ? problem.fields : new Map<string, string>();
  const fresh = mode === "signUp";
  const invitation = route.value.page === "join" ? route.value.code : null;

  const card = useRef<HTMLElement>(null);
  // A keyboard on the screen would cover half of it.
  const byKeyboard = matchMedia("(pointer: fine)").matches;
  useEffect(() => {
    if (byKeyboard) card.current?.querySelector<HTMLElement>("input")?.focus();
  }, [mode]);
  useEffect(() => card.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), [problem]);
  useEffect(() => {
    setTitle(fresh ? "Create an account" : "Sign in");
  }, [fresh]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? "");
    setBusy(true);
    setProblem(null);
    try {
      if (fresh) await signUp(text("email"), text("name"), text("password"), invitation);
      else await signIn(text("email"), text("password"));
    } catch (error) {
      setProblem(error as Error);
      setBusy(false);
    }
  };

  return (
    <main id="main" class="welcome" tabIndex={-1}>
      <section class="pitch">
        <p class="brand">Collabry</p>
        <h1>Ask your own material, <mark>together</mark>.</h1>
        <p>
          Collect papers, web pages and notes in a notebook. Ask questions together and get answers linked to the passages
          behind them.
        </p>
      </section>
      <section class="card" ref={card}>
        <h2>{fresh ? "Create an account" : "Sign in"}</h2>
        {invitation !== null && <p class="notice">You have been invited to a notebook. Sign in or create an account to join it.</p>}
        {signedOutBecause.value !== null && <p class="notice" role="status">{signedOutBecause.value}</p>}
        <form onSubmit={(event) => void submit(event)}>
          <Field label="Email address" name="email" type="email" autocomplete="email" problem={fields.get("email")} />
          {fresh && (
            <Field label="Name" name="name" type="text" autocomplete="name" hint="Shown to other members." problem={fields.get("name")} />
          )}
          <Field
            label="Password"
            name="password"
            type="password"
            autocomplete={fresh ? "new-password" : "current-password"}
            problem={fields.get("password")}
            {...(fresh ? { hint: "Use at least 10 characters. Three or four words work well." } : {})}
          />
          {problem !== null && fields.size === 0 && <p class="problem" role="alert">{sentence(problem)}</p>}
          <button type="submit" class="button primary wide" disabled={busy}>{fresh ? "Create account" : "Sign in"}</button>
        </form>
        <p class="switch">
          {fresh ? "Already have an account? " : "New here? "}
          <button
            type="button"
            class="link"
            onClick={() => {
              setMode(fresh ? "signIn" : "signUp");
              setProblem(null);
            }}
          >
            {fresh ? "Sign in instead" : "Create an account"}
          </button>
        </p>
      </section>
    </main>
  );
}
