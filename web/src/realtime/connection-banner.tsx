import { useEffect, useState } from "preact/hooks";
import { connection } from "./socket";

/** Do not mention a brief interruption. */
const DELAY_MS = 800;

export function ConnectionBanner() {
  const away = connection.value === "reconnecting";
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!away) return setShown(false);
    const timer = setTimeout(() => setShown(true), DELAY_MS);
    return () => clearTimeout(timer);
  }, [away]);
  return (
    <div role="status" data-testid="connection">
      {shown && (
        <p class="banner">
          <span class="spinner" aria-hidden="true" /> Reconnecting… Your messages will be sent when you’re back online.
        </p>
      )}
    </div>
  );
}
