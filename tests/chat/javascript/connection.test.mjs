import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { standStill } from "./stage/browser.mjs";

const { Connection } = await import("../../../chat/static/gapless/client/connection.js");

/** The sockets that were opened, each with what was said over it. */
let sockets;
let pass;
beforeEach(() => {
  sockets = [];
  pass = standStill();
  globalThis.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    said = [];
    constructor() {
      sockets.push(this);
    }
    send(text) {
      this.said.push(JSON.parse(text));
    }
    hear(frame) {
      this.onmessage({ data: JSON.stringify(frame) });
    }
    close() {}
  };
});
afterEach(() => {
  mock.restoreAll();
  mock.timers.reset();
});

function online() {
  const connection = new Connection({ url: "ws://here/ws/" });
  connection.start();
  connection.ready();
  return connection;
}
const opsOf = (socket) => socket.said.map(({ op }) => op);

test("a question that a silent line does not answer is doubted at once, not when the line has been silent for long", async () => {
  const connection = online();
  let refusal;
  connection.ask({ op: "message.post" }).catch((given) => (refusal = given));
  await pass(4_999);
  assert.equal(connection.state.isDoubtful, false);
  await pass(1);
  assert.equal(connection.state.isDoubtful, true, "so the banner can say it");
  assert.deepEqual(opsOf(sockets[0]), ["message.post", "ping"]);
  await pass(5_000);
  assert.equal(connection.state.state, "waiting");
  assert.equal(refusal.code, "connection_lost", "so it goes out over the next one");
  connection.stop();
});

test("a server that only takes its time keeps its line", async () => {
  const connection = online();
  const answer = connection.ask({ op: "message.post" });
  await pass(3_000);
  sockets[0].hear({ op: "typing" });
  await pass(4_000);
  assert.deepEqual(opsOf(sockets[0]), ["message.post"], "the line has just brought something");
  sockets[0].hear({ op: "ok", ref: 1 });
  assert.equal((await answer).op, "ok");
  connection.ask({ op: "message.post" }).catch(() => {});
  await pass(5_000);
  sockets[0].hear({ op: "pong", ref: sockets[0].said.at(-1).ref });
  await pass(1_000);
  assert.deepEqual(connection.state, { state: "online", isDoubtful: false, attempt: 0, retryAt: null });
  assert.equal(sockets.length, 1);
  connection.stop();
});
