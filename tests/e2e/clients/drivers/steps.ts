/**
 * The steps that every client must pass, for clients that run under Deno; the drivers in other
 * languages do the same. Each step prints one line: `ok <connection> <step>`, or `not ok
 * <connection> <step>: why`. After the line `restart`, the test replaces the proxies, and a line on
 * stdin says when it is done.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/**
 * An argument of a driver, one for each connection: `<label>:<port>:<password>:<name>:<protocol>`.
 */
export interface Connection {
  /**
   * The protocol that the connection must end up with, `resp2` or `resp3`, and the options it uses.
   */
  readonly label: string;
  readonly port: number;
  /** Empty if there is none. */
  readonly password: string;
  /** Empty if there is none. */
  readonly name: string;
  /** 2 or 3; NaN stands for the client's own default. */
  readonly protocol: number;
}

/** A connected client, whatever its own API looks like. */
export interface Session {
  /** Sends any command, and returns the reply as the client shows it. */
  command(...args: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
  get(key: string): Promise<string | null>;
  getBytes(key: string): Promise<Uint8Array | null>;
  mget(...keys: string[]): Promise<(string | null)[]>;
  /** Sends several GETs before it reads the first reply. */
  pipeline(keys: string[]): Promise<(string | null)[]>;
  close(): void;
}

/** Connects; rejects or never settles if that fails. */
export type Connect = (connection: Connection) => Promise<Session>;

const STEP_LIMIT = 5_000;
const RECONNECT_LIMIT = 10_000;
const BINARY = Buffer.from([...Array(256).keys(), 13, 10]);
const LARGE = "0123456789abcdef".repeat(65_536);
const COUNT = 1000;

export function parseConnection(text: string): Connection {
  const [label, port, password, name, protocol] = text.split(":") as [string, ...string[]];
  return {
    label,
    port: Number(port),
    password: password!,
    name: name!,
    protocol: protocol ? Number(protocol) : NaN,
  };
}

/** Runs all steps on all connections. */
export async function drive(connect: Connect, connections: Connection[]): Promise<void> {
  const sessions = new Map<Connection, Session>();
  for (const connection of connections) {
    await step(connection, "connect", async () => {
      sessions.set(connection, await connect(connection));
    });
    const session = sessions.get(connection);
    if (session !== undefined) await useSession(connection, session);
  }
  console.log("restart");
  await Deno.stdin.read(new Uint8Array(16));
  for (const [connection, session] of sessions) {
    await step(connection, "reconnect", () => reconnect(connection, session));
    session.close();
  }
}

async function useSession(connection: Connection, session: Session): Promise<void> {
  await step(connection, "PING", async () => equal(await session.ping(), "PONG"));
  await step(connection, "session", () => checkSession(connection, session));
  await step(connection, "GET hit", async () => {
    equal(await session.get("hit"), "value");
    equal(await session.get("hit"), "value");
  });
  await step(connection, "GET miss", async () => equal(await session.get("miss"), null));
  await step(connection, "binary value", async () => {
    const bytes = await session.getBytes("binary");
    equal(bytes && Buffer.from(bytes).toString("hex"), BINARY.toString("hex"));
  });
  await step(connection, "1 MiB value", async () => {
    equal(await session.get("large") === LARGE, true);
  });
  await step(connection, "MGET", async () => {
    equal(await session.mget("hit", "miss", "key:1"), ["value", null, "value:1"]);
  });
  await step(connection, "pipeline of 1000", async () => {
    const numbers = [...Array(COUNT).keys()];
    const values = await session.pipeline(numbers.map((number) => `key:${number}`));
    equal(values, numbers.map((number) => `value:${number}`));
  });
  await step(connection, "unknown command", () => tryUnknown(session));
}

/** The connection must be the one that was asked for: its protocol and its name. */
async function checkSession(connection: Connection, session: Session): Promise<void> {
  equal(protocolOf(await session.command("HELLO")), Number(connection.label.charAt(4)));
  equal(await session.command("CLIENT", "GETNAME") || "", connection.name);
}

/** Gets an error, and then uses the same connection: a new one would have another id. */
async function tryUnknown(session: Session): Promise<void> {
  const id = await session.command("CLIENT", "ID");
  const error = await session.command("NOSUCH", "argument").then(() => "", String);
  if (!error.includes("unknown command")) throw new Error(`Got "${error}" from NOSUCH`);
  equal(await session.get("hit"), "value");
  equal(await session.command("CLIENT", "ID"), id);
}

async function reconnect(connection: Connection, session: Session): Promise<void> {
  const deadline = performance.now() + RECONNECT_LIMIT;
  for (;;) {
    try {
      equal(await session.get("hit"), "value");
      return await checkSession(connection, session);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((again) => setTimeout(again, 20));
    }
  }
}

/** The reply to HELLO is a map, which each client shows in its own way. */
function protocolOf(hello: unknown): number {
  if (hello instanceof Map) return Number(hello.get("proto"));
  if (Array.isArray(hello)) return Number(hello[hello.indexOf("proto") + 1]);
  return Number((hello as { proto: number }).proto);
}

function equal(actual: unknown, wanted: unknown): void {
  const [got, want] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (got !== want) throw new Error(`Got ${got}, wanted ${want}`);
}

async function step(connection: Connection, name: string, work: () => Promise<void>) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`Nothing came within ${STEP_LIMIT} ms`));
    timer = setTimeout(late, name === "reconnect" ? RECONNECT_LIMIT + STEP_LIMIT : STEP_LIMIT);
  });
  try {
    await Promise.race([work(), limit]);
    console.log(`ok ${connection.label} ${name}`);
  } catch (error) {
    const why = String(error instanceof Error ? error.message : error).replace(/\s+/g, " ");
    console.log(`not ok ${connection.label} ${name}: ${why.slice(0, 300)}`);
  } finally {
    clearTimeout(timer);
  }
}
