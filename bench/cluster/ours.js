// Collabry: two replicas of the api and one ai-engine, driven as its clients do.

import { Cluster } from "../../e2e/cluster/cluster.js";
import { RawSocket } from "../../e2e/support/raw-socket.js";

export class Ours {
  static title = "Collabry";

  /** @param {{ after(fn: () => unknown): void }} scope @param {import("../../e2e/support/provider.js").Provider} provider */
  static async start(scope, provider) {
    const ours = new Ours();
    const settings = { ...provider.settings, COLLABRY_DEFAULT_MODEL: "openai/scripted", COLLABRY_LOG: "warn" };
    ours.provider = provider;
    ours.cluster = await Cluster.start(scope, { apis: 2, engines: 1, settings });
    const [receiving, sending] = ours.cluster.apis;
    ours.replicas = [receiving, sending].map(({ url, pid }) => ({ url, pid }));
    ours.account = await ours.cluster.account("Ada", receiving.url);
    ours.room = await ours.account.conversation(await ours.account.notebook());
    return ours;
  }

  /** @param {number} replica @param {(text: string) => void} [onText] */
  connect(replica, onText) {
    return new RawSocket(this.replicas[replica].url, this.account.token, onText);
  }

  get headers() {
    return { authorization: `Bearer ${this.account.token}` };
  }

  /** Addresses that ask the limiter: one that lets everything through, one whose limit is used up. */
  async limited() {
    const shut = await this.cluster.addApi({ COLLABRY_LIMIT_API: "1" });
    return {
      open: { url: `${this.replicas[0].url}/api/auth/me`, pid: this.replicas[0].pid },
      shut: { url: `${shut.url}/api/auth/me`, pid: shut.pid },
    };
  }

  /** Asks a question in a conversation of its own; resolves with the stream of its answer. */
  async stream() {
    const { url } = this.replicas[0];
    const question = await this.account.post(`/api/conversations/${this.room}/messages`, {
      clientId: crypto.randomUUID(), content: "Tell me everything.", ask: true,
    });
    return fetch(`${url}/api/ai/generations/${question.generationId}/events`, { headers: this.headers });
  }

  /** Processes that only some figures count. */
  get others() {
    return { "ai-engine": this.cluster.engines[0].pid };
  }

  end() {
    return this.cluster.destroy();
  }
}
