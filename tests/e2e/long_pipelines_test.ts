// Clients that send all requests before they read a reply, as many batch jobs do. They send more
// than the socket buffers hold, so the proxy must keep reading while it cannot write.
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { makeCertificate } from "../support/certificate.ts";
import { RawClient, request } from "../support/client.ts";
import { peakOf, type Serving, serving, until } from "../support/serving.ts";

const MB = 1024 * 1024;

/** More than all socket buffers together hold on loopback. */
const SENT_BYTES = 12 * MB;

/** The time limit of a pipeline; a stalled one never ends. */
const LIMIT = 10_000;

/**
 * Values of all keys. The keys are long, so that the replies are not much larger than the requests.
 */
const VALUES = new Map(
  Array.from({ length: 50 }, (_, index) => [
    `${index}`.padStart(100, "k"),
    `<${index}>`.repeat(40 + index),
  ]),
);

/** More than the size of any reply, in bytes. */
const LONGEST = 4096;

/** A pipeline that requests all keys again and again. */
interface Pipeline {
  readonly requests: Buffer;
  readonly count: number;
  /** The end of the reply at a position; -1 if it is another reply, or incomplete. */
  endOf(text: string, at: number, value: string): number;
}

function pipeline(requestOf: (key: string) => string, endOf: Pipeline["endOf"]): Pipeline {
  const round = [...VALUES.keys()].map(requestOf).join("");
  const rounds = Math.ceil(SENT_BYTES / round.length);
  return {
    requests: Buffer.from(round.repeat(rounds), "latin1"),
    count: rounds * VALUES.size,
    endOf,
  };
}

const RESP = pipeline((key) => request("GET", key), (text, at, value) => {
  const wanted = `$${value.length}\r\n${value}\r\n`;
  return text.startsWith(wanted, at) ? at + wanted.length : -1;
});

const HTTP = pipeline((key) => `GET /${key} HTTP/1.1\r\nHost: h\r\n\r\n`, (text, at, value) => {
  const body = text.indexOf("\r\n\r\n", at) + 4;
  const head = text.slice(at, body);
  const isRight = head.startsWith("HTTP/1.1 200 OK\r\n") &&
    head.includes(`\r\nContent-Length: ${value.length}\r\n`) && text.startsWith(value, body);
  return isRight ? body + value.length : -1;
});

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** Sends everything, then receives everything, and fails unless every reply is right. */
async function sendThenTake(
  conn: Deno.Conn,
  { requests, count, endOf }: Pipeline,
  onSent: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const values = [...VALUES.values()];
  const room = Buffer.allocUnsafeSlow(MB);
  const limit = setTimeout(() => close(conn), LIMIT);
  try {
    for (let rest: Uint8Array = requests; rest.length > 0;) {
      rest = rest.subarray(await conn.write(rest));
    }
    await onSent();
    for (let text = "", done = 0; done < count;) {
      const length = await conn.read(room);
      if (length === null) throw new Error(`Connection ended after ${done} of ${count} replies`);
      text += room.toString("latin1", 0, length);
      let at = 0;
      for (; done < count; done++) {
        const end = endOf(text, at, values[done % values.length]!);
        if (end < 0) break;
        at = end;
      }
      text = text.slice(at);
      const isWrong = text.length > (done < count ? LONGEST : 0);
      assert(!isWrong, `another reply than the right one: ${text.slice(0, 500)}`);
    }
  } finally {
    clearTimeout(limit);
  }
}

/** Serves the values above. */
async function servingValues(args: string[] = []): Promise<Serving> {
  const it = await serving(args);
  await it.ask("MSET", ...[...VALUES].flat());
  return it;
}

for (const [name, pipeline] of [["RESP", RESP], ["HTTP", HTTP]] as const) {
  Deno.test(`a client that sends 12 MB of ${name} requests before it reads gets all replies`, async () => {
    await using it = await servingValues();
    const { conn } = await it.connect();
    try {
      for (const _ of "ab") await sendThenTake(conn, pipeline);
    } finally {
      close(conn);
    }
  });
}

Deno.test("a client that sends 12 MB and ends its side gets all replies", async () => {
  await using it = await servingValues();
  using client = await it.connect();
  await sendThenTake(client.conn, RESP, () => client.conn.closeWrite());
  assertEquals(await client.rest(), "");
});

Deno.test("a client that sends 12 MB over TLS before it reads gets all replies", async () => {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-pipelines-" });
  try {
    const { cert, key } = await makeCertificate(folder, "used");
    await using it = await servingValues(["--tls-cert", cert, "--tls-key", key]);
    const caCerts = [await Deno.readTextFile(cert)];
    using conn = await Deno.connectTls({ hostname: "localhost", port: it.port, caCerts });
    await sendThenTake(conn, RESP);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("several clients that send 12 MB each before they read get all replies", async () => {
  await using it = await servingValues(["--reply-memory", "24mb", "--max-request", "12mb"]);
  const clients = await Promise.all(Array.from({ length: 4 }, () => it.connect()));
  try {
    await Promise.all(clients.map(({ conn }) => sendThenTake(conn, RESP)));
  } finally {
    for (const { conn } of clients) close(conn);
  }
});

/** The number of clients that the proxy has cut off. */
async function cutOff(port: number): Promise<number> {
  using client = await RawClient.connect(port);
  await client.send("INFO proxy\r\nQUIT\r\n");
  return Number(/cut_off_clients:(\d+)/.exec(await client.rest())?.[1]);
}

Deno.test("clients that send without end and read nothing are cut off, in bounded memory", async () => {
  const args = ["--reply-memory", "16mb", "--max-request", "8mb", "--write-timeout", "1"];
  await using it = await servingValues(args);
  using warm = await it.connect();
  await sendThenTake(warm.conn, RESP);
  const before = await peakOf(it.proxy.process.pid);
  const clients = await Promise.all(Array.from({ length: 16 }, () => it.connect()));
  const sending = clients.map(async (client) => {
    try {
      for (;;) await client.send(RESP.requests);
    } catch (error) {
      return error; // One runtime resets the connection at once, another when the write ends.
    }
  });
  try {
    await until(async () => await cutOff(it.port) === clients.length);
    const grown = await peakOf(it.proxy.process.pid) - before;
    assert(grown < 64 * MB, `${Math.round(grown / MB)} MB more for 16 times 8 MB to be kept`);
  } finally {
    for (const client of clients) client.close();
    await Promise.all(sending);
  }
});
