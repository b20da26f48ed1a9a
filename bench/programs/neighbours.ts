// Clients of a server with heavy neighbours: one role for each process.
//   neighbours.ts PORT measure SECONDS     (prints the latencies of GET and INCR as JSON)
//   neighbours.ts PORT ROLE                (prints a line when it works; goes on until it is ended)
import { Buffer } from "node:buffer";
import { connect, Poll, read, write } from "../libc.ts";
import { quantile } from "../statistics.ts";

/** The size of a large reply or value, in bytes. */
const LARGE = 500_000_000;
const FIELDS = 500;
/** Each takes two descriptors of the proxy, and 20,000 is a common limit. */
const SUBSCRIBERS = 9_000;

const port = Number(Deno.args[0]);

function request(...words: (string | Uint8Array)[]): Uint8Array {
  const parts = words.map((word) => Buffer.from(word));
  const all = parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, CRLF]);
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...all]);
}

const CRLF = Buffer.from("\r\n");

async function open(): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ port, hostname: "127.0.0.1" });
  conn.setNoDelay(true);
  return conn;
}

async function send(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

const memory = new Uint8Array(1024 * 1024);

/** Receives this many bytes, or one reply of any short length. */
async function receive(conn: Deno.Conn, length = 1): Promise<void> {
  for (let got = 0; got < length;) {
    const count = await conn.read(memory);
    if (count === null) throw new Error("The server has ended the connection");
    got += count;
  }
}

/** One request each millisecond, by turns GET and INCR, each after the reply to the last one. */
async function measure(seconds: number): Promise<void> {
  const conn = await open();
  const kinds = {
    get: { bytes: request("GET", "neighbour"), took: [] as number[] },
    incr: { bytes: request("INCR", "neighbour:count"), took: [] as number[] },
  };
  await send(conn, request("SET", "neighbour", "v".repeat(100)));
  await receive(conn);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    for (const { bytes, took } of Object.values(kinds)) {
      const started = performance.now();
      await send(conn, bytes);
      await receive(conn);
      took.push(performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  const figures = Object.entries(kinds).map(([name, { took }]) => {
    return [name, { p50: quantile(took, 0.5), p99: quantile(took, 0.99), count: took.length }];
  });
  console.log(JSON.stringify(Object.fromEntries(figures)));
  Deno.exit();
}

async function hgetall(): Promise<void> {
  const conn = await open();
  const value = Buffer.alloc(LARGE / FIELDS, "v");
  for (let field = 0; field < FIELDS; field++) {
    await send(conn, request("HSET", "large:hash", `${field}`, value));
    await receive(conn);
  }
  console.log("ready");
  for (;;) {
    await send(conn, request("HGETALL", "large:hash"));
    await receive(conn, LARGE);
    while (await isMore(conn)) { /* The rest of the reply. */ }
  }
}

/** Whether a byte comes within a moment. */
async function isMore(conn: Deno.Conn): Promise<boolean> {
  await send(conn, request("PING"));
  const count = await conn.read(memory);
  return count === null ? false : !Buffer.from(memory.buffer, 0, count).includes("+PONG");
}

async function set(): Promise<void> {
  const conn = await open();
  const head = Buffer.from(`*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$${LARGE}\r\n`);
  const piece = Buffer.alloc(1_000_000, "v");
  console.log("ready");
  for (;;) {
    await send(conn, head);
    for (let sent = 0; sent < LARGE; sent += piece.length) await send(conn, piece);
    await send(conn, CRLF);
    await receive(conn);
  }
}

/** Many subscribers, and ten messages each second. */
async function subscribers(): Promise<void> {
  const poll = new Poll();
  const bytes = Buffer.from(request("SUBSCRIBE", "news"));
  const fds = Array.from({ length: SUBSCRIBERS }, (_, index) => {
    const fd = connect(port);
    poll.add(fd, index);
    write(fd, bytes);
    return fd;
  });
  const buffer = Buffer.alloc(64 * 1024);
  const confirmed = new Set<number>();
  const drain = (wait: number) => {
    const ready = poll.wait(wait);
    for (let index = 0; index < ready; index++) {
      const at = poll.token(index);
      if (read(fds[at]!, buffer) === 0) throw new Error("The server has ended a connection");
      confirmed.add(at);
    }
    return ready;
  };
  while (confirmed.size < SUBSCRIBERS) drain(1000);
  console.log("ready");
  const publisher = await open();
  for (;;) {
    await send(publisher, request("PUBLISH", "news", "v".repeat(100)));
    const next = performance.now() + 100;
    await receive(publisher);
    while (performance.now() < next) {
      drain(1);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

/** A subscriber that reads nothing, and messages of a megabyte. */
async function deaf(): Promise<void> {
  const silent = await open();
  await send(silent, request("SUBSCRIBE", "news"));
  const publisher = await open();
  const message = request("PUBLISH", "news", Buffer.alloc(1_000_000, "v"));
  console.log("ready");
  for (;;) {
    await send(publisher, message);
    await receive(publisher);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const ROLES: Record<string, () => Promise<void>> = {
  measure: () => measure(Number(Deno.args[2])),
  hgetall,
  set,
  subscribers,
  deaf,
  nothing: () => (console.log("ready"), new Promise(() => setInterval(() => {}, 1000))),
};

await ROLES[Deno.args[1]!]!();
