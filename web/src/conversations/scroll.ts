import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Within this of the end counts as being there. */
const NEAR_PX = 80;

interface Scrolling {
  /** The element that scrolls, and what grows in it. */
  box: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLOListElement | null>;
  atEnd: boolean;
  toEnd: () => void;
}

interface Shown {
  conversationId: string;
  /** Id of the first message. */
  first: string | undefined;
  /** How many times the reader has jumped to another place, which then begins with `first`. */
  jumps: number;
  /** Whether what is shown goes on to the newest message. */
  hasEnd: boolean;
}

/**
 * Stays at the end while the content grows, unless the reader has scrolled up; keeps their place when older messages
 * are put in front, and begins at the top after a jump.
 */
export function useChatScroll({ conversationId, first, jumps, hasEnd }: Shown): Scrolling {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const sticking = useRef(true);
  const reachesEnd = useRef(hasEnd);
  const [atEnd, setAtEnd] = useState(true);
  const keepPlace = usePlaceKept(box, content, first);

  const toEnd = () => {
    sticking.current = true;
    box.current?.scrollTo({ top: box.current.scrollHeight });
    setAtEnd(true);
  };

  useEffect(() => {
    const [scroller, grows] = [box.current, content.current];
    if (scroller === null || grows === null) return undefined;
    toEnd();
    let lastTop = scroller.scrollTop;
    const onScroll = () => {
      const near = reachesEnd.current && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
      // Only the reader scrolls up. An event of our own scrolling can find the content grown further already.
      if (near) sticking.current = true;
      else if (scroller.scrollTop < lastTop) sticking.current = false;
      lastTop = scroller.scrollTop;
      setAtEnd(sticking.current);
    };
    const observer = new ResizeObserver(() => {
      if (sticking.current) toEnd();
    });
    observer.observe(grows);
    observer.observe(scroller);
    scroller.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      scroller.removeEventListener("scroll", onScroll);
    };
  }, [conversationId]);

  useLayoutEffect(() => {
    reachesEnd.current = hasEnd;
  }, [hasEnd]);
  useLayoutEffect(() => {
    if (!sticking.current) keepPlace();
  }, [first]);
  useLayoutEffect(() => {
    const row = content.current?.firstElementChild;
    if (jumps === 0 || box.current === null || !(row instanceof HTMLElement)) return;
    sticking.current = false;
    setAtEnd(false);
    box.current.scrollTop += row.getBoundingClientRect().top - box.current.getBoundingClientRect().top;
    // Keyboard and screen reader users continue from there.
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
  }, [jumps]);

  return { box, content, atEnd: atEnd && hasEnd, toEnd };
}

/** Answers what scrolls the row that was the first to where it was on the screen, once others are in front of it. */
function usePlaceKept(box: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, first: string | undefined): () => void {
  const known = useRef(first);
  const place = useRef<{ row: Element; top: number } | null>(null);
  if (known.current !== first) {
    // Measured before the change is drawn.
    const row = content.current?.firstElementChild;
    place.current = row == null ? null : { row, top: row.getBoundingClientRect().top };
    known.current = first;
  }
  return () => {
    if (place.current === null || box.current === null || !place.current.row.isConnected) return;
    box.current.scrollTop += place.current.row.getBoundingClientRect().top - place.current.top;
  };
}
