// A chat room of Socket.IO as its documentation builds one for several processes: the Redis adapter, and each message in
// PostgreSQL before it is sent on and acknowledged. PORT, PG_HOST (the folder of its socket), REDIS_SOCKET.
const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { createAdapter } = require("@socket.io/redis-adapter");
const { createClient } = require("redis");
const { Pool } = require("pg");

const INSERT = { name: "say", text: "INSERT INTO peer_messages (key, body) VALUES ($1, $2) ON CONFLICT DO NOTHING" };

async function main() {
  const pub = createClient({ socket: { path: process.env.REDIS_SOCKET } });
  const sub = pub.duplicate();
  await Promise.all([pub.connect(), sub.connect()]);
  const pool = new Pool({ host: process.env.PG_HOST, user: "gapless", database: "gapless", max: 20 });
  await pool.query("CREATE TABLE IF NOT EXISTS peer_messages (key uuid PRIMARY KEY, body text, at timestamptz DEFAULT now())");
  const http = createServer();
  const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
  io.adapter(createAdapter(pub, sub));
  io.on("connection", (socket) => {
    socket.join("lobby");
    socket.on("say", async (said, accepted) => {
      await pool.query({ ...INSERT, values: [said.key, said.body] });
      io.to("lobby").emit("said", said);
      accepted({ key: said.key });
    });
  });
  http.listen(Number(process.env.PORT), "127.0.0.1");
}

main();
