// What a server spends on a request that asks the shared limiter: one that is let through, and one that is refused.

import { perRequest } from "./requests.js";

/** @param {import("./ours.js").Ours | import("./peer.js").Peer} side */
export async function limits(side) {
  const { open, shut } = await side.limited();
  const figure = async (address, expected) => ({ value: await perRequest(address, side.headers, expected), unit: "ms" });
  return {
    "request within its limit, CPU": await figure(open, 200),
    "request over its limit, CPU": await figure(shut, 429),
  };
}
