import type { Grant } from "../realtime/types";

export interface KeeperDeps {
  /** `POST /api/auth/refresh`, with the cookie. */
  refresh(): Promise<Grant>;
  /** Runs `work` while no other tab does the same. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Tells the other tabs. */
  share(grant: Grant): void;
  now(): number;
}

/** A token is renewed this long before it expires, or at three quarters of a short life. */
const MARGIN_MS = 60_000;
/** When a token does not say how long it lives. */
const ASSUMED_LIFETIME_MS = 5 * 60_000;

/**
 * Holds the access token, in memory only, and renews it once however many ask. Tabs take turns, and one that waited
 * uses what the other has got.
 */
export class TokenKeeper {
  readonly #deps: KeeperDeps;
  #grant: Grant | null = null;
  #freshUntil = 0;
  #renewing: Promise<Grant> | null = null;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  get grant(): Grant | null {
    return this.#grant;
  }

  /** Milliseconds until it should be renewed. */
  get freshFor(): number {
    return this.#freshUntil - this.#deps.now();
  }

  /** From a sign-in, or from another tab. */
  adopt(grant: Grant): void {
    this.#grant = grant;
    const lifetime = lifetimeMs(grant.accessToken);
    this.#freshUntil = this.#deps.now() + lifetime - Math.min(MARGIN_MS, lifetime / 4);
  }

  forget(): void {
    this.#grant = null;
    this.#freshUntil = 0;
  }

  /** A token that is good for a while. */
  async token(): Promise<string> {
    if (this.#grant !== null && this.freshFor > 0) return this.#grant.accessToken;
    return (await this.renew(this.#grant?.accessToken)).accessToken;
  }

  /** A token other than `stale`. */
  renew(stale: string | undefined): Promise<Grant> {
    if (this.#isNewerThan(stale)) return Promise.resolve(this.#grant as Grant);
    this.#renewing ??= this.#deps
      .exclusive(async () => {
        // Another tab may have been quicker while this one waited for its turn.
        if (this.#isNewerThan(stale)) return this.#grant as Grant;
        const grant = await this.#deps.refresh();
        this.adopt(grant);
        this.#deps.share(grant);
        return grant;
      })
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }

  #isNewerThan(stale: string | undefined): boolean {
    return this.#grant !== null && this.#grant.accessToken !== stale && this.freshFor > 0;
  }
}

/**
 * How long a token lives, from its own claims: both are the server's times, so a clock that is wrong here does not
 * matter.
 */
export function lifetimeMs(token: string): number {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { iat, exp } = JSON.parse(atob(payload)) as { iat?: number; exp?: number };
    if (typeof iat === "number" && typeof exp === "number" && exp > iat) return (exp - iat) * 1000;
  } catch {
    // Not a token that can be read here; the server is the one to judge it.
  }
  return ASSUMED_LIFETIME_MS;
}
