// A chat server of the usual parts: express, socket.io over its Redis adapter, rate-limit-redis. It keeps nothing and
// checks nothing but tokens, so what it costs is what the parts cost. PORT, REDIS_URL, SECRET and PROVIDER_URL tell it where
// things are; it prints its address when it listens.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";

import { createAdapter } from "@socket.io/redis-adapter";
import express from "express";
import { rateLimit } from "express-rate-limit";
import jwt from "jsonwebtoken";
import { RedisStore } from "rate-limit-redis";
import { createClient } from "redis";
import { Server } from "socket.io";

const { PORT = "0", REDIS_URL, SECRET = "", PROVIDER_URL } = process.env;
const WINDOW_MS = 15 * 60 * 1000;

const publisher = createClient({ url: REDIS_URL });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const app = express();
app.use((request, response, next) => {
  try {
    const token = request.headers.authorization?.slice("Bearer ".length) ?? "";
    response.locals.user = jwt.verify(token, SECRET, { algorithms: ["HS256"] }).sub;
    next();
  } catch {
    response.status(401).json({ code: "token_invalid" });
  }
});

/** @param {string} name @param {number} limit */
function limited(name, limit) {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit,
    standardHeaders: "draft-8",
    legacyHeaders: false,
    keyGenerator: (_, response) => response.locals.user,
    store: new RedisStore({ prefix: `limit:${name}:`, sendCommand: (...args) => publisher.sendCommand(args) }),
  });
}
const me = (_, response) => response.json({ id: response.locals.user, email: "ada@example.org", name: "Ada" });
app.get("/open", limited("open", 1_000_000), me);
app.get("/shut", limited("shut", 1), me);

/** Asks the model and passes on each piece of its answer as it comes. */
app.get("/stream", async (_, response) => {
  const answer = await fetch(`${PROVIDER_URL}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "scripted", stream: true, messages: [{ role: "user", content: "Tell me everything." }] }),
  });
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  let id = 0;
  let rest = "";
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (!line.startsWith("data: ") || line === "data: [DONE]") continue;
      const delta = JSON.parse(line.slice("data: ".length)).choices[0]?.delta.content;
      if (!delta) continue;
      id += 1;
      response.write(`id: ${id}\nevent: delta\ndata: ${JSON.stringify({ eventId: id, type: "delta", text: delta })}\n\n`);
    }
  }
  response.end(`id: ${id + 1}\nevent: done\ndata: {}\n\n`);
});

const server = createServer(app);
const io = new Server(server, { adapter: createAdapter(publisher, subscriber), maxHttpBufferSize: 256 * 1024 });
io.use((socket, next) => {
  try {
    socket.data.user = jwt.verify(socket.handshake.auth.token, SECRET, { algorithms: ["HS256"] }).sub;
    next();
  } catch (error) {
    next(error);
  }
});
io.on("connection", (socket) => {
  socket.join(`user:${socket.data.user}`);
  socket.on("conversation:join", ({ conversationId }, acknowledge) => {
    socket.join(`conversation:${conversationId}`);
    acknowledge({ ok: true });
  });
  socket.on("message:send", ({ conversationId, clientId, content }, acknowledge) => {
    const message = made(conversationId, clientId, content, socket.data.user);
    io.to(`conversation:${conversationId}`).emit("message:new", { message });
    acknowledge({ ok: true, message });
  });
});

let rev = 0;

/** As long as Collabry's. */
function made(conversationId, clientId, content, userId) {
  rev += 1;
  return {
    id: randomUUID(), conversationId, clientId, position: rev, rev, author: { kind: "user", userId, name: "Ada" }, content,
    citations: [], status: "complete", failure: null, generationId: null, replyTo: null, createdAt: new Date().toISOString(),
    editedAt: null, deletedAt: null,
  };
}

server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
