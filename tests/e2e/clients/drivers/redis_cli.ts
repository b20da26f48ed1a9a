/**
 * Drives redis-cli through its standard input: lines in, formatted replies out, as a person would
 * type and read them.
 *
 *     deno run -A --no-config --no-lock redis_cli.ts resp3:6380:::3
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Connection, drive, parseConnection, type Session } from "./steps.ts";

/**
 * A redis-cli that reads commands from a pipe; with `--no-raw` it formats replies as on a terminal.
 */
class RedisCli {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  #marks = 0;

  constructor({ port, password, protocol }: Connection) {
    const { stdin, stdout } = this.#child = new Deno.Command("redis-cli", {
      args: [
        ...["-h", "127.0.0.1", "-p", `${port}`, "--no-raw", "--no-auth-warning"],
        ...(protocol ? [`-${protocol}`] : []),
        ...(password ? ["-a", password] : []),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = stdin.getWriter();
    this.#lines = linesOf(stdout);
  }

  /** Sends commands at once, and returns the output of each, up to the mark that follows it. */
  async ask(...commands: string[][]): Promise<string[]> {
    const marks = commands.map(() => `mark-${++this.#marks}`);
    const typed = commands.map((words, index) =>
      `${words.map((word) => JSON.stringify(word)).join(" ")}\nECHO ${marks[index]}\n`
    );
    await this.#input.write(new TextEncoder().encode(typed.join("")));
    const replies: string[] = [];
    for (const mark of marks) replies.push(await this.#until(JSON.stringify(mark)));
    return replies;
  }

  kill(): void {
    this.#child.kill();
  }

  async #until(mark: string): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`redis-cli ended: ${lines.join(" ")}`);
      if (value === mark) return lines.join("\n");
      // It has lost its connection, so the mark was not echoed either.
      if (/^(Could not connect|Error: )/.test(value)) throw new Error(value);
      lines.push(value);
    }
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const bytes of stream) {
    const [first, ...others] = decoder.decode(bytes, { stream: true }).split("\n");
    parts.push(first!);
    for (const other of others) {
      yield parts.join("");
      parts = [other];
    }
  }
}

/** The value of a formatted reply; throws an error reply. */
function parseReply(text: string): unknown {
  if (text.startsWith("(error) ")) throw new Error(text.slice(8));
  if (text === "(nil)") return null;
  if (text.startsWith("(integer) ")) return Number(text.slice(10));
  if (/^\d+# /.test(text)) {
    return new Map(
      Array.from(
        text.matchAll(/^ *\d+# (.*?) => (.*)$/gm),
        ([, key, value]) => [parseReply(key!), parseReply(value!)],
      ),
    );
  }
  if (/^ *\d+\) /.test(text)) {
    return text.split("\n").map((line) => parseReply(line.replace(/^ *\d+\) /, "")));
  }
  return text.startsWith('"') ? unquote(text).toString("latin1") : text;
}

/**
 * The bytes of a string as redis-cli shows it: `\n`, `\r`, `\t`, `\a`, `\b`, `\\`, `\"`, `\xHH`.
 */
function unquote(text: string): Buffer {
  const plain = text.slice(1, -1).replace(/\\(x([0-9a-f]{2})|.)/g, (_, escaped, hex) => {
    if (hex) return String.fromCharCode(parseInt(hex, 16));
    return ESCAPES[escaped] ?? escaped;
  });
  return Buffer.from(plain, "latin1");
}

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" };

async function connect(connection: Connection): Promise<Session> {
  const cli = new RedisCli(connection);
  const one = async (...words: string[]) => parseReply((await cli.ask(words))[0]!);
  const get = async (key: string) => await one("GET", key) as string | null;
  await cli.ask(["PING"]);
  return {
    command: one,
    ping: () => one("PING"),
    get,
    getBytes: async (key) => Buffer.from(await get(key) ?? "", "latin1"),
    mget: async (...keys) => await one("MGET", ...keys) as (string | null)[],
    pipeline: async (keys) => {
      const replies = await cli.ask(...keys.map((key) => ["GET", key]));
      return replies.map(parseReply) as (string | null)[];
    },
    close: () => cli.kill(),
  };
}

await drive(connect, Deno.args.map(parseConnection));
Deno.exit();
