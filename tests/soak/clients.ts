/**
 * The clients of a soak. Each sends one request after the other over its own connection, and
 * connects again if the connection is lost.
 *
 * @module
 */
import { RawClient, request } from "../support/client.ts";

/** The result of a read: a value, null for a missing key, or the first words of an error. */
export type Answer = { value: string | null } | { error: string };

export interface Client {
  get(key: string): Promise<Answer>;
  close(): void;
}

/** A connection that is made on demand. */
class Line {
  #client: RawClient | null = null;

  constructor(readonly port: number) {}

  async use<T>(work: (client: RawClient) => Promise<T>): Promise<T> {
    try {
      return await work(this.#client ??= await RawClient.connect(this.port));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#client?.close();
    this.#client = null;
  }
}

/** Reads over RESP. */
export class RespClient implements Client {
  readonly #line: Line;

  constructor(port: number) {
    this.#line = new Line(port);
  }

  get(key: string): Promise<Answer> {
    return this.bulk("GET", key);
  }

  /** Reads several keys at once. */
  several(keys: readonly string[]): Promise<Answer[]> {
    return this.#line.use(async (client) => {
      await client.send(request("MGET", ...keys));
      const line = (await client.until("\r\n")).slice(0, -2);
      if (!line.startsWith("*")) return [{ error: line.slice(1).split(" ")[0]! }];
      const answers: Answer[] = [];
      for (const _ of keys) answers.push(await bulk(client));
      return answers;
    });
  }

  /** Runs a command whose reply is a bulk string. */
  bulk(...command: string[]): Promise<Answer> {
    return this.#line.use(async (client) => {
      await client.send(request(...command));
      return await bulk(client);
    });
  }

  /**
   * Sends commands at once; returns this many lines of their replies. It stops at an error and at a
   * null array, since fewer lines follow them: close the client then.
   */
  lines(count: number, ...commands: string[][]): Promise<string[]> {
    return this.#line.use(async (client) => {
      await client.send(commands.map((one) => request(...one)).join(""));
      const lines: string[] = [];
      while (lines.length < count && !/^-|^\*-1$/.test(lines.at(-1) ?? "")) {
        lines.push((await client.until("\r\n")).slice(0, -2));
      }
      return lines;
    });
  }

  /** Runs any command; returns the first line of its reply. */
  run(...command: string[]): Promise<string> {
    return this.#line.use(async (client) => {
      await client.send(request(...command));
      return (await client.until("\r\n")).slice(0, -2);
    });
  }

  close(): void {
    this.#line.close();
  }
}

async function bulk(client: RawClient): Promise<Answer> {
  const line = (await client.until("\r\n")).slice(0, -2);
  if (line === "$-1" || line === "_") return { value: null };
  if (!line.startsWith("$")) return { error: line.slice(1).split(" ")[0]! };
  return { value: (await client.text(Number(line.slice(1)) + 2)).slice(0, -2) };
}

/** Reads over HTTP with keep-alive. */
export class HttpClient implements Client {
  readonly #line: Line;

  constructor(port: number) {
    this.#line = new Line(port);
  }

  get(key: string): Promise<Answer> {
    return this.#line.use(async (client) => {
      await client.send(`GET /${key} HTTP/1.1\r\nHost: soak\r\n\r\n`);
      const head = await client.until("\r\n\r\n");
      const body = await client.text(Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0));
      const status = head.slice(9, 12);
      if (status === "200") return { value: body };
      return status === "404" ? { value: null } : { error: status };
    });
  }

  close(): void {
    this.#line.close();
  }
}
