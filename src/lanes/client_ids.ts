/**
 * The ids of clients. The proxy gives each client an id; at Redis, its private connection has
 * another one. Commands that name clients by id are translated between the two.
 *
 * @module
 */
/** A client with an id. */
export interface NamedClient {
  readonly id: number;
  /** The id of its private connection at Redis; null if there is none. */
  readonly upstreamId: number | null;
  /** Its line in CLIENT LIST, without a line break. The command is its own that asks for it. */
  describe(command?: string, length?: number): string;
  /** Ends its connection. */
  kill(): void;
  /** Lets Redis send it messages that answer no request, if there is room for a connection. */
  becomeTarget(): Promise<void>;
}

/** Ids begin far above those of Redis, which counts its connections, so that no id is ambiguous. */
let lastId = 2 ** 40;

/** The most ids to remember after their clients are gone. */
const NAMED_MAX = 1000;

export class ClientIds {
  readonly #clients = new Map<number, NamedClient>();
  /** Ids at Redis that commands have named, and their ids in the proxy. The clients may be gone. */
  readonly #named = new Map<string, string>();

  /** Returns a new id, unique in this process. */
  static next(): number {
    return ++lastId;
  }

  /** The number of clients. */
  get size(): number {
    return this.#clients.size;
  }

  /** The clients, in the order of their ids. */
  get all(): NamedClient[] {
    return [...this.#clients.values()].sort((one, other) => one.id - other.id);
  }

  add(client: NamedClient): void {
    this.#clients.set(client.id, client);
  }

  remove({ id }: NamedClient): void {
    this.#clients.delete(id);
  }

  /** Returns the client with an id, given as text. */
  find(id: string): NamedClient | undefined {
    return /^[1-9]\d*$/.test(id) ? this.#clients.get(Number(id)) : undefined;
  }

  /** Returns the id of a client at Redis; undefined if it has no private connection. */
  upstreamOf(id: string): string | undefined {
    const upstream = this.find(id)?.upstreamId ?? null;
    return upstream === null ? undefined : String(upstream);
  }

  /** As `upstreamOf`, and remembers the id: Redis may show it long after the command. */
  name(id: string): string | undefined {
    const upstream = this.upstreamOf(id);
    if (upstream === undefined) return undefined;
    this.#named.delete(upstream);
    this.#named.set(upstream, id);
    if (this.#named.size > NAMED_MAX) this.#named.delete(this.#named.keys().next().value!);
    return upstream;
  }

  /** Returns the id of a client in the proxy, from the id of its connection at Redis. */
  toldOf(upstream: string): string {
    for (const { id } of this.#clients.values()) {
      if (this.upstreamOf(String(id)) === upstream) return String(id);
    }
    return this.#named.get(upstream) ?? upstream;
  }

  /** Returns lines of CLIENT LIST with the ids and addresses that the clients have in the proxy. */
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
   * Returns the clients without a private connection.
   *
   * @param wanted The wanted ids; absent for all.
   */
  withoutUpstream(wanted?: ReadonlySet<string>): NamedClient[] {
    return [...this.#clients.values()].filter((client) => {
      const id = String(client.id);
      return this.upstreamOf(id) === undefined && (wanted?.has(id) ?? true);
    });
  }
}

/** Returns a line of Redis with the id and the addresses of another line. */
function renamed(line: string, own: string): string {
  for (const field of ["id", "addr", "laddr"]) {
    const value = new RegExp(`(?:^| )${field}=(\\S*)`).exec(own)?.[1];
    if (value !== undefined) {
      line = line.replace(new RegExp(`(^| )${field}=\\S*`), `$1${field}=${value}`);
    }
  }
  return line;
}
