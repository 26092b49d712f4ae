import { describe, expect, test } from "vitest";
import type { GenerationEvent } from "../realtime/types";
import { GenerationStream } from "./stream";

const about = { questionId: "q", answerId: "a", model: "builtin/extractive" };
const started: GenerationEvent = { eventId: 1, type: "started", ...about };
const delta = (eventId: number, text: string): GenerationEvent => ({ eventId, type: "delta", text });
const done: GenerationEvent = { eventId: 4, type: "done", state: "done", answerId: "a" };

describe("a generation's stream", () => {
  test("appends each event once", () => {
    const stream = new GenerationStream("g", about);
    for (const event of [started, delta(2, "Hel"), delta(2, "Hel"), started, delta(3, "lo"), done]) stream.apply(event);
    expect(stream.text).toBe("Hello");
    expect(stream.state).toBe("done");
    expect(stream.lastEventId).toBe(4);
    expect(stream.apply(delta(2, "Hel"))).toBe("known");
    expect(stream.hasGap).toBe(false);
  });

  test("waits at a gap until what lies between has come", () => {
    const stream = new GenerationStream("g", about);
    stream.apply(started);
    expect(stream.apply(delta(3, "lo"))).toBe("gap");
    expect(stream.text).toBe("");
    expect(stream.lastEventId).toBe(1);
    expect(stream.apply(delta(2, "Hel"))).toBe("applied");
    expect(stream.text).toBe("Hello");
    expect(stream.hasGap).toBe(false);
  });

  test("an end beyond a gap does not end it early", () => {
    const stream = new GenerationStream("g", about);
    stream.apply(started);
    expect(stream.apply(done)).toBe("gap");
    expect(stream.over).toBe(false);
    for (const event of [started, delta(2, "Hel"), delta(3, "lo"), done]) stream.apply(event);
    expect(stream.over).toBe(true);
    expect(stream.text).toBe("Hello");
  });

  test("knows when the model thinks", () => {
    const stream = new GenerationStream("g", about);
    stream.apply(started);
    stream.apply({ eventId: 2, type: "delta", text: "", thinking: true });
    expect([stream.text, stream.thinking]).toEqual(["", true]);
    stream.apply(delta(3, "It"));
    expect([stream.text, stream.thinking]).toEqual(["It", false]);
  });

  test("begins anew when what it had was a thought", () => {
    const stream = new GenerationStream("g", about);
    for (const event of [started, delta(2, "secret")]) stream.apply(event);
    stream.apply({ eventId: 3, type: "delta", text: "", anew: true });
    stream.apply(delta(4, "It is 42."));
    expect(stream.text).toBe("It is 42.");
  });

  test("keeps why it failed", () => {
    const stream = new GenerationStream("g", about);
    const failure = { code: "provider_unreachable", message: "Ollama cannot be reached.", retryable: true };
    stream.apply({ eventId: 1, type: "failed", failure });
    expect([stream.state, stream.failure]).toEqual(["failed", failure]);
  });
});
