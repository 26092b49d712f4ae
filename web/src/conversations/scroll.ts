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

/**
 * Stays at the end while the content grows, unless the reader has scrolled up; keeps their place when older messages
 * are put in front (`first` changes).
 */
export function useChatScroll(conversationId: string, first: string | undefined): Scrolling {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLOListElement>(null);
  const sticking = useRef(true);
  const height = useRef(0);
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = () => {
    sticking.current = true;
    box.current?.scrollTo({ top: box.current.scrollHeight });
  };

  useEffect(() => {
    const [scroller, grows] = [box.current, content.current];
    if (scroller === null || grows === null) return undefined;
    toEnd();
    let lastTop = scroller.scrollTop;
    const onScroll = () => {
      const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_PX;
      // Only the reader scrolls up. An event of our own scrolling can find the content grown further already.
      if (near) sticking.current = true;
      else if (scroller.scrollTop < lastTop) sticking.current = false;
      lastTop = scroller.scrollTop;
      setAtEnd(sticking.current);
    };
    const observer = new ResizeObserver(() => {
      height.current = scroller.scrollHeight;
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
    const scroller = box.current;
    if (scroller === null || sticking.current) return;
    scroller.scrollTop += scroller.scrollHeight - height.current;
    height.current = scroller.scrollHeight;
  }, [first]);

  return { box, content, atEnd, toEnd };
}
