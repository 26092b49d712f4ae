// Steady load as people make it: requests, chats over sockets, answers over event streams. `bench/k6/run.sh URL`.
// Each check is a promise to users; a deploy that runs meanwhile may not break one.

import { check, fail, sleep } from "k6";
import http from "k6/http";
import { Counter } from "k6/metrics";
import { WebSocket } from "k6/experimental/websockets";

const URL = __ENV.URL || "http://127.0.0.1:8080";
const DURATION = __ENV.DURATION || "2m";
const RATE = Number(__ENV.RATE || 20);
const SOCKETS = Number(__ENV.SOCKETS || 20);
const P95_MS = Number(__ENV.P95_MS || 200);
const ROOMS = 5;
/** How long a socket stays before it makes room for another, and how long it then waits for acknowledgements. */
const STAY_MS = 20_000;
const LAST_WORDS_MS = 10_000;
/** How often a stream may break off. */
const RESUMES = 5;
/** Newest messages that are read. */
const PAGE = 20;

const messagesLost = new Counter("messages_lost");
const eventsLost = new Counter("stream_events_lost");
const streamsResumed = new Counter("streams_resumed");

const constant = (exec, options) => ({ exec, duration: DURATION, gracefulStop: "60s", ...options });

export const options = {
  scenarios: {
    requests: constant("requests", { executor: "constant-arrival-rate", rate: RATE, timeUnit: "1s", preAllocatedVUs: 20, maxVUs: 100 }),
    answers: constant("answers", { executor: "constant-vus", vus: 2 }),
    sockets: constant("sockets", { executor: "constant-vus", vus: SOCKETS }),
  },
  thresholds: {
    "http_req_duration{kind:api}": [`p(95)<${P95_MS}`],
    http_req_failed: ["rate<0.001"],
    checks: ["rate>0.999"],
    messages_lost: ["count==0"],
    stream_events_lost: ["count==0"],
  },
};

const JSON_TYPE = { "content-type": "application/json" };

function post(path, body, token, kind = "api") {
  const headers = token ? { ...JSON_TYPE, authorization: `Bearer ${token}` } : JSON_TYPE;
  return http.post(URL + path, JSON.stringify(body), { headers, tags: { kind } });
}

const get = (path, token, kind = "api") => http.get(URL + path, { headers: { authorization: `Bearer ${token}` }, tags: { kind } });

function made(answer) {
  if (answer.status >= 300) fail(`setup: ${answer.status} ${answer.body}`);
  return answer.json();
}

/** Rooms: a person, and a conversation in a notebook with something to ask about. */
export function setup() {
  const run = Date.now();
  return Array.from({ length: ROOMS }, (_, n) => {
    const person = { email: `k6-${run}-${n}@example.org`, name: "Load", password: "correct horse battery" };
    const token = made(post("/api/auth/register", person, undefined, "setup")).accessToken;
    const notebook = made(post("/api/notebooks", { title: "Load" }, token, "setup")).id;
    const file = http.file("Chlorophyll absorbs mostly blue and red light.", "chlorophyll.txt", "text/plain");
    const headers = { authorization: `Bearer ${token}` };
    const source = made(http.post(`${URL}/api/notebooks/${notebook}/sources`, { file }, { headers, tags: { kind: "setup" } })).id;
    for (let step; step !== "ready"; sleep(0.2)) step = made(get(`/api/sources/${source}`, token, "setup")).latest.state.step;
    const conversation = made(post(`/api/notebooks/${notebook}/conversations`, {}, token, "setup")).id;
    return { token, conversation };
  });
}

const uuid = () => "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
const any = (rooms) => rooms[Math.floor(Math.random() * rooms.length)];

/** Says something, and finds it again. */
export function requests(rooms) {
  const { token, conversation } = any(rooms);
  const path = `/api/conversations/${conversation}/messages`;
  const sent = post(path, { clientId: uuid(), content: "Steady", ask: false }, token);
  if (!check(sent, { "a message is stored": ({ status }) => status < 300 })) return;
  const { rev, id } = sent.json();
  const read = get(`${path}?limit=${PAGE}`, token);
  if (!check(read, { "messages are read": ({ status }) => status === 200 })) return;
  const page = read.json().messages;
  // Others may have said more than a page since.
  const reaches = page.length < PAGE || page.some((message) => message.rev < rev);
  if (reaches && !page.some((message) => message.id === id)) messagesLost.add(1, { rev });
}

/** Asks, and hears the answer to its end; a stream that breaks off is taken up where it was, as browsers do. */
export function answers(rooms) {
  const { token, conversation } = any(rooms);
  const body = { clientId: uuid(), content: "What does chlorophyll absorb?", ask: true };
  const asked = post(`/api/conversations/${conversation}/messages`, body, token);
  if (!check(asked, { "a question is stored": ({ status }) => status < 300 })) return;
  const url = `${URL}/api/ai/generations/${asked.json().generationId}/events`;
  const ids = [];
  let received = "";
  for (let times = 0; times < RESUMES && !/^event: ?(done|failed)$/m.test(received); times += 1) {
    const headers = { authorization: `Bearer ${token}` };
    if (ids.length > 0) headers["last-event-id"] = String(ids[ids.length - 1]);
    received = http.get(url, { headers, tags: { kind: "stream" } }).body || "";
    ids.push(...[...received.matchAll(/^id: ?(\d+)$/gm)].map(([, id]) => Number(id)));
    if (times > 0) streamsResumed.add(1);
  }
  check(received, { "an answer is received to its end": (text) => /^event: ?done$/m.test(text) });
  eventsLost.add(ids.filter((id, index) => id !== index + 1).length);
  sleep(1);
}

/** Joins a conversation over Socket.IO, and says something now and then, which must come back to everybody. */
export function sockets(rooms) {
  const { token, conversation } = any(rooms);
  const socket = new WebSocket(`${URL.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`);
  let joined = false;
  let acknowledged = 0;
  let said = 0;
  const say = () => {
    said += 1;
    socket.send(`42${said}${JSON.stringify(["message:send", { conversationId: conversation, clientId: uuid(), content: "Socket", ask: false }])}`);
  };
  socket.onmessage = ({ data }) => {
    if (data.startsWith("0")) socket.send(`40${JSON.stringify({ token })}`);
    else if (data === "2") socket.send("3");
    else if (data.startsWith("40")) socket.send(`420${JSON.stringify(["conversation:join", { conversationId: conversation, sinceRev: 0 }])}`);
    else if (data.startsWith("430")) joined = data.includes('"ok":true');
    else if (data.startsWith("43")) acknowledged += data.includes('"ok":true') ? 1 : 0;
    // It is told to go elsewhere, and does so with the next turn.
    else if (data.startsWith('42["server:draining"')) end();
  };
  const talk = setInterval(say, 5_000);
  const leave = setTimeout(end, STAY_MS);
  function end() {
    clearInterval(talk);
    clearTimeout(leave);
    const began = Date.now();
    // The last acknowledgement may still be on its way.
    const closing = setInterval(() => {
      if (acknowledged < said && Date.now() - began < LAST_WORDS_MS) return;
      clearInterval(closing);
      socket.close();
    }, 100);
  }
  socket.onclose = () => {
    clearInterval(talk);
    clearTimeout(leave);
    check(null, {
      "a socket joins": () => joined,
      "what a socket says is acknowledged": () => acknowledged >= said,
    });
  };
}
