import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../http/client";
import type { Message } from "../realtime/types";
import { complain } from "../ui/toast";
import type { OpenConversation } from "./open";

interface Props {
  open: OpenConversation;
  before: number;
  /** What scrolls. */
  box: RefObject<HTMLDivElement | null>;
}

/** Reads the page of history before, once the reader comes near it, or at a click. */
export function Earlier({ open, before, box }: Props) {
  const [busy, setBusy] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const load = async () => {
    setBusy(true);
    try {
      const page = await api<{ messages: Message[]; nextBefore: number | null }>("GET", `/api/conversations/${open.id}/messages?before=${before}`);
      open.prepend(page.messages, page.nextBefore);
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  };
  useEffect(() => {
    if (button.current === null) return undefined;
    const near = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        near.disconnect();
        void load();
      },
      { root: box.current, rootMargin: "600px 0px 0px" },
    );
    near.observe(button.current);
    return () => near.disconnect();
  }, []);
  return (
    <button type="button" ref={button} class="button quiet earlier" disabled={busy} onClick={() => void load()}>
      {busy ? "Loading earlier messages…" : "Show earlier messages"}
    </button>
  );
}
