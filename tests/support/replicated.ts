/**
 * A master and a replica of it, with a stream between them that can lag and stand still.
 *
 * @module
 */
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { ask, redisCli, until } from "./serving.ts";

/** Passes bytes on, those of the master late or not at all. */
export class Stream implements Disposable {
  readonly port: number;
  /** How long each piece from the master takes, in milliseconds. */
  lag = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns = new Set<Deno.TcpConn>();
  #flowing: PromiseWithResolvers<void> | null = null;

  constructor(readonly master: number) {
    this.port = this.#listener.addr.port;
    this.#accept();
  }

  /** Lets nothing pass from the master. */
  stall(): void {
    this.#flowing ??= Promise.withResolvers();
  }

  flow(): void {
    this.#flowing?.resolve();
    this.#flowing = null;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.flow();
    for (const conn of this.#conns) close(conn);
  }

  async #accept(): Promise<void> {
    for await (const replica of this.#listener) {
      const master = await Deno.connect({ hostname: "127.0.0.1", port: this.master })
        .catch(() => null);
      if (master === null) close(replica);
      else this.#join(replica, master);
    }
  }

  #join(replica: Deno.TcpConn, master: Deno.TcpConn): void {
    for (const conn of [replica, master]) {
      conn.setNoDelay(true);
      this.#conns.add(conn);
    }
    this.#pass(replica, master, async () => {});
    this.#pass(master, replica, async () => {
      if (this.lag > 0) await new Promise((resolve) => setTimeout(resolve, this.lag));
      await this.#flowing?.promise;
    });
  }

  async #pass(from: Deno.TcpConn, to: Deno.TcpConn, due: () => Promise<void>): Promise<void> {
    const piece = new Uint8Array(64 * 1024);
    try {
      for (let count = await from.read(piece); count !== null; count = await from.read(piece)) {
        await due();
        for (let rest = piece.subarray(0, count); rest.length > 0;) {
          rest = rest.subarray(await to.write(rest));
        }
      }
    } catch {
      // One of them was closed.
    }
    for (const conn of [from, to]) {
      close(conn);
      this.#conns.delete(conn);
    }
  }
}

export interface Replicated extends AsyncDisposable {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly stream: Stream;
}

/** Starts both, and waits until the replica has synchronized. */
export async function replicated(): Promise<Replicated> {
  const args = ["--repl-diskless-sync-delay", "0"];
  const master = await startRedisServer({ args });
  const stream = new Stream(master.port);
  const replica = await startRedisServer({
    args: [...args, "--replicaof", "127.0.0.1", `${stream.port}`],
  });
  await until(async () => (await redisCli(master.port, "ROLE")).includes(`${replica.port}`));
  // The stream may stand still for a second after the first synchronization.
  await ask(master.port, "SET", "synchronized", "1");
  await until(async () => await redisCli(replica.port, "GET", "synchronized") === "1\n");
  return {
    master,
    replica,
    stream,
    async [Symbol.asyncDispose]() {
      stream[Symbol.dispose]();
      await replica.stop();
      await master.stop();
    },
  };
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}
