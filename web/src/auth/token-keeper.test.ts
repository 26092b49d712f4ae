import { describe, expect, test } from "vitest";
import { lifetimeMs, TokenKeeper } from "./token-keeper";
import type { Grant } from "../realtime/types";

const user = { id: "u", name: "Ada", email: "ada@example.org" };

function token(name: string, seconds = 900): string {
  return `x.${btoa(JSON.stringify({ sub: name, iat: 5_000, exp: 5_000 + seconds }))}.x`;
}

function grant(name: string): Grant {
  return { user, accessToken: token(name), expiresAt: "2026-01-01T00:15:00Z" };
}

/** Tabs of one browser: one lock, one channel, one server. */
function browser() {
  let turn: Promise<unknown> = Promise.resolve();
  const tabs: TokenKeeper[] = [];
  const world = { requests: 0, time: 0, tabs, open };
  function open(): TokenKeeper {
    const tab: TokenKeeper = new TokenKeeper({
      now: () => world.time,
      refresh: async () => {
        world.requests += 1;
        return grant(`refreshed ${world.requests}`);
      },
      exclusive: (work) => {
        const mine = turn.then(work);
        turn = mine.catch(() => undefined);
        return mine;
      },
      share: (shared) => {
        for (const other of tabs) if (other !== tab) other.adopt(shared);
      },
    });
    tabs.push(tab);
    return tab;
  }
  return world;
}

describe("the token keeper", () => {
  test("many callers cause one refresh", async () => {
    const world = browser();
    const tab = world.open();
    const tokens = await Promise.all([tab.token(), tab.token(), tab.token()]);
    expect(new Set(tokens).size).toBe(1);
    expect(world.requests).toBe(1);
  });

  test("two tabs whose tokens end together refresh once", async () => {
    const world = browser();
    const [one, two] = [world.open(), world.open()];
    for (const tab of [one, two]) tab.adopt(grant("first"));
    world.time += 15 * 60_000;
    const tokens = await Promise.all([one.token(), two.token()]);
    expect(tokens[0]).toBe(tokens[1]);
    expect(world.requests).toBe(1);
  });

  test("a token is renewed a minute before its end", async () => {
    const world = browser();
    const tab = world.open();
    tab.adopt(grant("first"));
    world.time = 13.9 * 60_000;
    expect(await tab.token()).toBe(token("first"));
    world.time = 14 * 60_000;
    expect(await tab.token()).not.toBe(token("first"));
  });

  test("a refused token is replaced, unless it was replaced already", async () => {
    const world = browser();
    const tab = world.open();
    tab.adopt(grant("first"));
    const next = await tab.renew(token("first"));
    await tab.renew(token("first"));
    expect(world.requests).toBe(1);
    expect(tab.grant).toBe(next);
  });

  test("after a failed refresh the next one asks again", async () => {
    let fail = true;
    const tab = new TokenKeeper({
      now: () => 0,
      refresh: () => (fail ? Promise.reject(new Error("away")) : Promise.resolve(grant("back"))),
      exclusive: (work) => work(),
      share: () => undefined,
    });
    await expect(tab.token()).rejects.toThrow("away");
    fail = false;
    expect(await tab.token()).toBe(token("back"));
  });

  test("lifetime comes from the token's claims", () => {
    expect(lifetimeMs(token("x", 30))).toBe(30_000);
    expect(lifetimeMs("garbage")).toBe(5 * 60_000);
  });
});
