import { api } from "../http/client";
import { Problem } from "../http/problem";
import type { UploadLimits } from "../realtime/types";

let known: Promise<number | null> | undefined;

/** The largest file that the server takes, in bytes; `null` when it does not say. */
function largest(): Promise<number | null> {
  known ??= api<UploadLimits>("GET", "/api/limits").then(
    ({ maxUploadBytes }) => maxUploadBytes,
    () => {
      known = undefined;
      return null;
    },
  );
  return known;
}

/** Refuses what the server would refuse once all of it had been sent. */
export async function assertFits({ size }: File): Promise<void> {
  const most = await largest();
  if (most === null || size <= most) return;
  const sentence = `This file is larger than ${Math.floor(most / 1024 / 1024)} MB. Split it, or leave out what is not needed.`;
  throw new Problem("file_too_large", sentence, 413);
}
