import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { AccountMenu } from "./auth/account-menu";
import { me, sessionState } from "./auth/session";
import { SignInPage } from "./auth/sign-in";
import { startDeleting } from "./conversations/deleting";
import { forgetLogs } from "./conversations/logs";
import { startSending } from "./conversations/sending";
import { countUnread, forgetConversations } from "./conversations/store";
import { loadModels } from "./models/store";
import { JoinPage } from "./notebooks/join-page";
import { NotebooksPage } from "./notebooks/list";
import { forgetMembers } from "./notebooks/members";
import { NotebookHeader } from "./notebooks/notebook-header";
import { NotebookPage } from "./notebooks/notebook-page";
import { followNotebooks, notebooks } from "./notebooks/store";
import { Bell } from "./notifications/bell";
import { followNotifications, unread } from "./notifications/store";
import { ConnectionBanner } from "./realtime/connection-banner";
import { connect, disconnect, onConnected } from "./realtime/socket";
import { forgetPages } from "./sources/read-pages";
import { forgetSearch } from "./sources/search";
import { forgetSources } from "./sources/store";
import { Link, route } from "./ui/router";
import { ThemeToggle } from "./ui/theme";
import { setTitle, waiting } from "./ui/title";
import { showError, Toasts } from "./ui/toast";

export function App() {
  return (
    <>
      <Skips />
      <Content />
      <Toasts />
    </>
  );
}

/** To where most people want to go, past the lists. */
function Skips() {
  const inNotebook = sessionState.value === "signedIn" && route.value.page === "notebook";
  const targets = [["main", "Skip to content"], ...(inNotebook ? [["composer", "Skip to message field"], ["sources", "Skip to sources"]] : [])];
  return (
    <div class="skips">
      {targets.map(([id = "", label]) => (
        <a
          key={id}
          class="skip"
          href={`#${id}`}
          onClick={(event) => {
            // Not by the address, which says what is open.
            event.preventDefault();
            document.getElementById(id)?.focus();
          }}
        >
          {label}
        </a>
      ))}
    </div>
  );
}

function Content() {
  switch (sessionState.value) {
    case "starting":
      return <main id="main" class="page"><p class="loading" role="status"><span class="spinner" /> Loading…</p></main>;
    case "unreachable":
      return (
        <main id="main" class="page empty" tabIndex={-1}>
          <h1>The server can’t be reached</h1>
          <p role="status"><span class="spinner" /> Trying again… If this lasts, check your connection.</p>
        </main>
      );
    case "signedOut":
      return <SignInPage />;
    case "signedIn":
      return <SignedIn key={me.value?.id} />;
  }
}

function SignedIn() {
  const user = me.value;
  useEffect(() => {
    if (user === null) return undefined;
    const stop = [
      followNotebooks(showError),
      followNotifications(showError),
      onConnected(() => void loadModels().catch(showError)),
      startSending(user.id),
      startDeleting(user.id),
    ];
    connect();
    return () => {
      for (const one of stop) one();
      disconnect();
      for (const forget of [forgetConversations, forgetLogs, forgetMembers, forgetPages, forgetSearch, forgetSources]) forget();
    };
  }, [user?.id]);
  useEffect(() => effect(() => {
    const now = route.value;
    const openId = now.page === "notebook" ? now.conversationId : null;
    waiting.value = unread.value + countUnread(openId);
  }), []);
  useEffect(() => () => {
    waiting.value = 0;
  }, []);
  return (
    <div class="shell">
      <TopBar />
      <ConnectionBanner />
      <Page />
    </div>
  );
}

function TopBar() {
  const now = route.value;
  const notebook = now.page === "notebook" ? notebooks.value?.find(({ id }) => id === now.notebookId) : undefined;
  return (
    <header class="top-bar">
      <Link to="/" class="brand" label="Collabry, all notebooks"><span aria-hidden="true" class="mark" data-text="C" /><span class="brand-name">Collabry</span></Link>
      {notebook === undefined ? <span class="spacer" /> : <NotebookHeader notebook={notebook} />}
      <Bell />
      <ThemeToggle />
      <AccountMenu />
    </header>
  );
}

function Page() {
  const now = route.value;
  switch (now.page) {
    case "notebooks":
      return <NotebooksPage />;
    case "join":
      return <JoinPage code={now.code} />;
    case "notebook":
      return <NotebookPage key={now.notebookId} notebookId={now.notebookId} conversationId={now.conversationId} />;
    case "unknown":
      return <NowherePage />;
  }
}

function NowherePage() {
  useEffect(() => setTitle("Page not found"), []);
  return <main id="main" class="page empty" tabIndex={-1}><h1>Page not found</h1><Link to="/" class="button primary">Go to your notebooks</Link></main>;
}
