import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { GenerationEvent, Message, RunningGeneration, ServerEvents } from "../realtime/types";
import type { Wire } from "../realtime/wire";
import { Problem } from "../http/problem";
import { OpenConversation } from "./open";

/** A server's logs, over a connection that loses what it is told to. */
class Server implements Wire {
  messages: Message[] = [];
  events: GenerationEvent[] = [];
  running = false;
  online = true;
  asked: string[] = [];
  head = 0;
  readonly #handlers = new Map<string, Set<(payload: never) => void>>();
  readonly #connected = new Set<() => void>();

  on<Name extends keyof ServerEvents>(name: Name, handler: (payload: ServerEvents[Name]) => void): () => void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  missed(): void {
    this.asked.push("what else was lost");
  }

  onConnected(handler: () => void): () => void {
    this.#connected.add(handler);
    handler();
    return () => this.#connected.delete(handler);
  }

  async request(name: string, asked: object): Promise<never> {
    const payload = asked as { sinceRev?: number; lastEventId?: number };
    if (!this.online) throw new Problem("disconnected", "There is no connection.");
    this.asked.push(name === "conversation:join" ? `join ${payload.sinceRev ?? "-"}` : `${name} ${payload.lastEventId ?? ""}`);
    if (name === "conversation:join") return structuredClone(this.#joined(payload.sinceRev)) as never;
    if (name === "generation:resume") {
      return { events: this.events.filter(({ eventId }) => eventId > (payload.lastEventId ?? 0)) } as never;
    }
    return {} as never;
  }

  #joined(sinceRev: number | undefined): object {
    const generation: RunningGeneration = {
      generationId: "g", questionId: "q", answerId: "a", model: "m", state: "running", lastEventId: this.events.length,
    };
    return {
      conversation: { id: "c", notebookId: "n", title: null, model: null, createdBy: "u", createdAt: "", head: this.head },
      messages: this.messages.filter(({ rev }) => sinceRev === undefined || rev > sinceRev).sort((a, b) => a.rev - b.rev),
      complete: true, readMarks: [], generations: this.running ? [generation] : [], present: [],
    };
  }

  emit<Name extends keyof ServerEvents>(name: Name, payload: ServerEvents[Name]): void {
    if (!this.online) return;
    for (const handler of this.#handlers.get(name) ?? []) handler(payload as never);
  }

  reconnect(): void {
    this.online = true;
    for (const handler of this.#connected) handler();
  }

  write(id: string, more: Partial<Message> = {}, lost = false): void {
    this.head += 1;
    const message: Message = {
      id, conversationId: "c", clientId: id, position: this.head, rev: this.head,
      author: { kind: "user", userId: "u", name: "Ada" }, content: id, citations: [], status: "complete", failure: null,
      generationId: null, replyTo: null, createdAt: "", editedAt: null, deletedAt: null, ...more,
    };
    this.messages = [...this.messages.filter((other) => other.id !== id), message];
    if (!lost) this.emit("message:new", { message });
  }

  emitAnswer(type: GenerationEvent["type"], more: object, lost = false): void {
    const event = { eventId: this.events.length + 1, type, ...more };
    this.events.push(event as GenerationEvent);
    this.running = type !== "done";
    const payload = { generationId: "g", conversationId: "c", ...event };
    if (!lost) this.emit(`generation:${type}`, payload as never);
  }

  begin(lost = false): void {
    this.emitAnswer("started", { questionId: "q", answerId: "a", model: "m" }, lost);
  }

  answer(lost = false): void {
    const text = this.events.map((event) => (event.type === "delta" ? event.text : "")).join("");
    this.write("a", { author: { kind: "assistant", model: "m" }, content: text, generationId: "g", replyTo: "q" }, lost);
  }
}

/** Lets every answer that is under way arrive. */
const settled = () => vi.advanceTimersByTimeAsync(0);

let server: Server;
let open: OpenConversation;

const shown = () => open.view.value.messages.map(({ content }) => content);
const streamed = () => open.view.value.running[0]?.stream.text;

beforeEach(async () => {
  vi.useFakeTimers();
  server = new Server();
  server.write("q", { generationId: "g" });
  open = new OpenConversation(server, "c", "u", () => undefined);
  await settled();
  server.asked = [];
});

afterEach(() => {
  open.dispose();
  vi.useRealTimers();
});

describe("an open conversation", () => {
  test("asks for what lies between when a rev is missing", async () => {
    server.write("lost", {}, true);
    server.write("seen");
    await settled();
    expect(shown()).toEqual(["q", "lost", "seen"]);
    expect(server.asked).toEqual(["join 1"]);
  });

  test("catches up when the server says that it should have more", async () => {
    server.write("lost", {}, true);
    server.emit("conversation:check", { conversationId: "c", rev: 2, generations: [] });
    await settled();
    expect(shown()).toEqual(["q", "lost"]);
    expect(server.asked).toEqual(["join 1", "what else was lost"]);
  });

  test("resumes an answer whose last events it never heard", async () => {
    server.begin();
    server.emitAnswer("delta", { text: "one " }, true);
    server.emit("conversation:check", { conversationId: "c", rev: 0, generations: [{ generationId: "g", lastEventId: 2 }] });
    await settled();
    expect(streamed()).toBe("one ");
    expect(server.asked).toEqual(["join 1", "what else was lost", "generation:resume 1"]);
  });

  test("asks for nothing when it has everything it should have", async () => {
    server.begin();
    server.emit("conversation:check", { conversationId: "c", rev: 1, generations: [{ generationId: "g", lastEventId: 1 }] });
    await settled();
    expect(server.asked).toEqual([]);
  });

  test("catches up when the connection comes back", async () => {
    server.online = false;
    server.write("one");
    server.write("two");
    server.reconnect();
    await settled();
    expect(shown()).toEqual(["q", "one", "two"]);
    expect(server.asked).toEqual(["join 1"]);
  });

  test("fills a gap in a stream", async () => {
    server.begin();
    server.emitAnswer("delta", { text: "one " });
    server.emitAnswer("delta", { text: "two " }, true);
    server.emitAnswer("delta", { text: "three" });
    await settled();
    expect(streamed()).toBe("one two three");
    expect(server.asked).toEqual(["generation:resume 2"]);
  });

  test("goes on with a stream where the connection left off", async () => {
    server.begin();
    server.emitAnswer("delta", { text: "one " });
    server.online = false;
    server.emitAnswer("delta", { text: "two " });
    server.reconnect();
    await settled();
    expect(streamed()).toBe("one two ");
    expect(server.asked).toEqual(["join 1", "generation:resume 2"]);
  });

  test("shows an answer from its beginning to whoever comes late", async () => {
    server.begin(true);
    server.emitAnswer("delta", { text: "one " }, true);
    const late = new OpenConversation(server, "c", "u", () => undefined);
    await settled();
    expect(late.view.value.running[0]?.stream.text).toBe("one ");
    late.dispose();
  });

  test.each(["message first", "end first"])("the stored message takes the stream's place, %s", async (order) => {
    server.begin();
    server.emitAnswer("delta", { text: "one" });
    const steps = [() => server.answer(), () => server.emitAnswer("done", { state: "done", answerId: "a" })];
    for (const step of order === "message first" ? steps : steps.reverse()) step();
    await settled();
    expect(shown()).toEqual(["q", "one"]);
    expect(open.view.value.running).toEqual([]);
  });

  test("an end without its message asks for the message", async () => {
    server.begin();
    server.emitAnswer("delta", { text: "one" });
    server.answer(true);
    server.emitAnswer("done", { state: "done", answerId: "a" });
    await settled();
    expect(shown()).toEqual(["q", "one"]);
    expect(open.view.value.running).toEqual([]);
  });

  test("an answer that ended while nobody listened is complete after the reconnection", async () => {
    server.begin();
    server.online = false;
    server.emitAnswer("delta", { text: "one" });
    server.answer();
    server.emitAnswer("done", { state: "done", answerId: "a" });
    server.reconnect();
    await settled();
    expect(shown()).toEqual(["q", "one"]);
    expect(open.view.value.running).toEqual([]);
  });

  test("a late repetition does not bring a finished stream back", async () => {
    server.begin();
    server.answer();
    server.emit("generation:delta", { generationId: "g", conversationId: "c", eventId: 2, type: "delta", text: "again" });
    await settled();
    expect(open.view.value.running).toEqual([]);
  });

  test("a silent stream is asked after", async () => {
    server.begin();
    server.emitAnswer("delta", { text: "one" }, true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(streamed()).toBe("one");
  });
});
