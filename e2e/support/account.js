// A signed-in person at the REST interface.

import assert from "node:assert/strict";

import { until } from "./wait.js";

export const PASSWORD = "correct horse battery";

/** An answer that was not the expected one. */
class Problem extends Error {
  /**
   * @param {string} what
   * @param {number} status
   * @param {any} body
   */
  constructor(what, status, body) {
    super(`${what}: ${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.code = body?.code;
    this.body = body;
  }
}

export class Account {
  /**
   * @param {string} url
   * @param {any} signedIn the answer to register or login
   */
  constructor(url, signedIn) {
    this.url = url;
    this.user = signedIn.user;
    this.id = signedIn.user.id;
    this.token = signedIn.accessToken;
    this.refreshToken = signedIn.refreshToken;
  }

  /**
   * @param {string} url
   * @param {string} email
   * @param {string} name
   */
  static async register(url, email, name) {
    const body = { email, name, password: PASSWORD, returnRefreshToken: true };
    return new Account(url, await request(url, "POST", "/api/auth/register", { body }));
  }

  /** An account that there is. @param {string} url @param {string} email */
  static async signIn(url, email) {
    const body = { email, password: PASSWORD, returnRefreshToken: true };
    return new Account(url, await request(url, "POST", "/api/auth/login", { body }));
  }

  /** A second session of the same person. */
  signInAgain() {
    return Account.signIn(this.url, this.user.email);
  }

  /** A newer access token of the same session; whoever asks at the same time is given the same. */
  refresh() {
    this.refreshing ??= this.post("/api/auth/refresh", { refreshToken: this.refreshToken })
      .then((signedIn) => {
        this.token = signedIn.accessToken;
        this.refreshToken = signedIn.refreshToken ?? this.refreshToken;
        return this.token;
      })
      .finally(() => {
        this.refreshing = undefined;
      });
    return this.refreshing;
  }

  signOut() {
    return this.post("/api/auth/logout", { refreshToken: this.refreshToken });
  }

  /** @param {string} path */
  get(path) {
    return request(this.url, "GET", path, { token: this.token });
  }

  /** @param {string} path @param {unknown} [body] */
  post(path, body = {}) {
    return request(this.url, "POST", path, { token: this.token, body });
  }

  /** @param {string} path @param {unknown} body */
  patch(path, body) {
    return request(this.url, "PATCH", path, { token: this.token, body });
  }

  /** @param {string} path @param {unknown} body */
  put(path, body) {
    return request(this.url, "PUT", path, { token: this.token, body });
  }

  /** @param {string} path */
  delete(path) {
    return request(this.url, "DELETE", path, { token: this.token });
  }

  /** @param {string} [title] */
  async notebook(title = "Biology") {
    return (await this.post("/api/notebooks", { title })).id;
  }

  /** @param {string} notebook @param {object} [settings] */
  async conversation(notebook, settings = {}) {
    return (await this.post(`/api/notebooks/${notebook}/conversations`, settings)).id;
  }

  /** Makes someone a member, by a link that they open. @param {string} notebook @param {Account} other @param {string} [role] */
  async invite(notebook, other, role = "editor") {
    const offered = role === "owner" ? "editor" : role;
    const { code } = await this.post(`/api/notebooks/${notebook}/members`, { email: other.user.email, role: offered });
    await other.post("/api/notebooks/join", { code });
    if (role === "owner") await this.patch(`/api/notebooks/${notebook}/members/${other.id}`, { role });
  }

  /** @param {string} notebook @param {string} name @param {string | Buffer<ArrayBuffer>} content */
  upload(notebook, name, content) {
    const body = new FormData();
    body.append("file", new Blob([content]), name);
    return request(this.url, "POST", `/api/notebooks/${notebook}/sources`, { token: this.token, body });
  }

  /** @param {string} sourceId */
  ready(sourceId) {
    return until(`source ${sourceId} is ready`, async () => {
      const source = await this.get(`/api/sources/${sourceId}`);
      assert.notEqual(source.latest.state.step, "failed", JSON.stringify(source.latest.state));
      return source.latest.state.step === "ready" && source;
    });
  }

  /** All messages of a conversation, oldest first. @param {string} conversation */
  async messages(conversation) {
    const all = [];
    let before = "";
    for (;;) {
      const page = await this.get(`/api/conversations/${conversation}/messages?limit=200${before}`);
      all.unshift(...page.messages);
      if (page.nextBefore === null) return all;
      before = `&before=${page.nextBefore}`;
    }
  }

  /**
   * The message with which a question was answered, once it is stored.
   * @param {string} conversation @param {string} questionId
   */
  answer(conversation, questionId) {
    return until(`question ${questionId} is answered`, async () => {
      const messages = await this.messages(conversation);
      return messages.find((message) => message.replyTo === questionId && message.deletedAt === null);
    });
  }
}

/**
 * @param {string} url
 * @param {string} method
 * @param {string} path
 * @param {{ token?: string, body?: unknown }} options
 */
async function request(url, method, path, { token, body }) {
  const headers = new Headers();
  if (token) headers.set("authorization", `Bearer ${token}`);
  const form = body instanceof FormData;
  if (body !== undefined && !form) headers.set("content-type", "application/json");
  const answer = await fetch(url + path, { method, headers, body: form ? body : JSON.stringify(body) });
  const text = await answer.text();
  const json = text === "" ? undefined : JSON.parse(text);
  if (!answer.ok) throw new Problem(`${method} ${path}`, answer.status, json);
  return json;
}
