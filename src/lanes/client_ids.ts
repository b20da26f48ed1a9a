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

/** Ids that are remembered beyond their clients. */
const NAMED_MAX = 1000;

export class ClientIds {
  readonly #clients = new Map<number, NamedClient>();
  /** Ids at Redis that commands have named since, and what clients were told: clients may be gone. */
  readonly #named = new Map<string, string>();

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

  /** As `upstreamOf`, for a command whose effect names the client for as long as it lasts. */
  name(id: string): string | undefined {
    const upstream = this.upstreamOf(id);
    if (upstream === undefined) return undefined;
    this.#named.delete(upstream);
    this.#named.set(upstream, id);
    if (this.#named.size > NAMED_MAX) this.#named.delete(this.#named.keys().next().value!);
    return upstream;
  }

  /** The id that a client was told, of the one that Redis has for its connection. */
  toldOf(upstream: string): string {
    for (const { id } of this.#clients.values()) {
      if (this.upstreamOf(String(id)) === upstream) return String(id);
    }
    return this.#named.get(upstream) ?? upstream;
  }

  /** Lines of CLIENT LIST, with the ids and the addresses by which clients know themselves. */
  rewrite(list: string): string {
    const byUpstream = new Map<string, NamedClient>();
    for (const client of this.#clients.values()) {
      const upstream = this.upstreamOf(String(client.id));
      if (upstream !== undefined) byUpstream.set(upstream, client);
    }
    return list.replaceAll(/^id=(\d+) .*$/gm, (line, id) => {
      const client = byUpstream.get(id);
      return client === undefined ? line : renamed(line, client.describe());
    });
  }

  /**
   * The lines of the clients that have no connection to Redis of their own.
   *
   * @param wanted The ids that are asked for; all where it is absent.
   */
  withoutUpstream(wanted?: ReadonlySet<string>): string[] {
    const lines: string[] = [];
    for (const client of this.#clients.values()) {
      const id = String(client.id);
      if (this.upstreamOf(id) !== undefined || !(wanted?.has(id) ?? true)) continue;
      lines.push(`${client.describe()}\n`);
    }
    return lines;
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
