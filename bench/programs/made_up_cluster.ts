// A cluster of made-up masters: each is a port that answers what the proxy asks while nothing
// happens. All requests of a packet are answered in one packet, as by redis-server. Prints its first
// port when all listen.
//   deno run -A bench/programs/made_up_cluster.ts <masters>
import { Buffer } from "node:buffer";
import { SLOTS } from "../../src/core/slot.ts";

const count = Number(Deno.args[0]);
const listeners = Array.from(
  { length: count },
  () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
);
const ports = listeners.map(({ addr }) => addr.port);

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const range = (port: number, index: number) => {
  const [first, next] = [index, index + 1].map((at) => Math.floor(at * SLOTS / count));
  const id = `${index}`.padStart(40, "0");
  return `*3\r\n:${first}\r\n:${next! - 1}\r\n*4\r\n${bulk("127.0.0.1")}:${port}\r\n${
    bulk(id)
  }*0\r\n`;
};

const ANSWERS: Readonly<Record<string, string>> = {
  "PING": "+PONG\r\n",
  "GET": "_\r\n",
  "EXISTS": ":0\r\n",
  "CLUSTER SLOTS": `*${count}\r\n${ports.map(range).join("")}`,
  "HELLO": `%2\r\n${bulk("proto")}:3\r\n${bulk("mode")}${bulk("cluster")}`,
  "CLIENT SETNAME": "+OK\r\n",
  "CLIENT TRACKING": "+OK\r\n",
  "CLIENT TRACKINGINFO": `%3\r\n${bulk("flags")}~1\r\n${bulk("on")}${bulk("redirect")}:0\r\n${
    bulk("prefixes")
  }*0\r\n`,
  "ROLE": `*3\r\n${bulk("master")}:0\r\n*0\r\n`,
  "INFO": bulk("redis_version:7.0.15\r\nredis_mode:cluster\r\nrun_id:0\r\n"),
};

function answerOf(words: readonly string[]): string {
  const [name = "", sub = ""] = words.map((word) => word.toUpperCase());
  return ANSWERS[`${name} ${sub}`] ?? ANSWERS[name] ?? `-ERR unknown command '${name}'\r\n`;
}

async function serve(conn: Deno.TcpConn): Promise<void> {
  const bytes = Buffer.alloc(16 * 1024);
  for (let length = await conn.read(bytes); length !== null; length = await conn.read(bytes)) {
    // A packet has whole requests: arrays of bulk strings, and each word has a line of its own.
    const requests = bytes.toString("latin1", 0, length).split(/^\*\d+\r\n/m).slice(1);
    const answers = requests.map((one) => {
      return answerOf(one.split("\r\n").filter((_, at) => at % 2 === 1));
    });
    await conn.write(Buffer.from(answers.join(""), "latin1"));
  }
}

for (const listener of listeners) {
  (async () => {
    for await (const conn of listener) serve(conn).catch(() => {/* It has left. */});
  })();
}
console.log(ports[0]);
