/**
 * The ids of clients. A client is told an id of the proxy's; at Redis, its private connection has
 * another one. Commands that name clients by id are translated, so that each works on the id that
 * its author was told.
 *
 * @module
 */
/** A client that can be named by its id. */
export interface NamedClient {
  readonly id: number;
  /** The id that Redis has for its private connection; null if there is none. */
  readonly upstreamId: number | null;
  /** Its line in CLIENT LIST, without a line break. */
  describe(): string;
  /** Ends its connection. */
  kill(): void;
}

/** Ids begin beyond those of Redis, which counts its connections: no id means two clients. */
let lastId = 2 ** 40;

export class ClientIds {
  readonly #clients = new Map<number, NamedClient>();

  /** A new id, unique while the process lives. */
  static next(): number {
    return ++lastId;
  }

  /** The number of clients. */
  get size(): number {
    return this.#clients.size;
  }

  add(client: NamedClient): void {
    this.#clients.set(client.id, client);
  }

  remove({ id }: NamedClient): void {
    this.#clients.delete(id);
  }

  /** The client with an id, as text. */
  find(id: string): NamedClient | undefined {
    return this.#clients.get(Number(id));
  }

  /** The id that Redis has for a client; undefined if it has no connection of its own. */
  upstreamOf(id: string): string | undefined {
    const upstream = this.find(id)?.upstreamId ?? null;
    return upstream === null ? undefined : String(upstream);
  }

  /** The id that a client was told, of the one that Redis has for its connection. */
  toldOf(upstream: string): string {
    for (const { id } of this.#clients.values()) {
      if (this.upstreamOf(String(id)) === upstream) return String(id);
    }
    return upstream;
  }

  /**
   * Redis's list of clients as the clients of the proxy know themselves: lines of private connections
   * get the id and the addresses of their clients, and clients without one get a line of their own.
   *
   * @param isAll Whether the list was asked for without a filter.
   */
  rewrite(list: string, isAll: boolean): string {
    const byUpstream = new Map<string, NamedClient>();
    for (const client of this.#clients.values()) {
      const upstream = this.upstreamOf(String(client.id));
      if (upstream !== undefined) byUpstream.set(upstream, client);
    }
    const lines = list.split("\n").filter((line) => line !== "").map((line) => {
      const client = byUpstream.get(/^id=(\d+) /.exec(line)?.[1] ?? "");
      return client === undefined ? line : renamed(line, client.describe());
    });
    if (isAll) {
      for (const client of this.#clients.values()) {
        if (this.upstreamOf(String(client.id)) === undefined) lines.push(client.describe());
      }
    }
    return lines.map((line) => `${line}\n`).join("");
  }
}

/** A line of Redis with the id and the addresses of another one. */
function renamed(line: string, own: string): string {
  for (const field of ["id", "addr", "laddr"]) {
    const value = new RegExp(`(?:^| )${field}=(\\S*)`).exec(own)?.[1];
    if (value !== undefined) {
      line = line.replace(new RegExp(`(^| )${field}=\\S*`), `$1${field}=${value}`);
    }
  }
  return line;
}
