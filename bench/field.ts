// All servers side by side for the time of the run, filled with the same data.
import { DATASETS } from "./dataset.ts";
import { store } from "./loads.ts";
import {
  type Peer,
  startConstant,
  startFloor,
  startProxy,
  startRedis,
  startTwemproxy,
  startWebdis,
} from "./peers.ts";
import { PLACES } from "./process.ts";

/** What the proxy is told so that all keys stay: the sizes that the workloads need, no more. */
export const HOLD_ALL = [
  ...["--cache-size", "400000", "--cache-memory", "1gb", "--cache-timeout", "3600"],
] as const;

export interface Field extends AsyncDisposable {
  /** The Redis that is measured, on the CPU of the server. */
  readonly redis: Peer;
  /** The Redis behind those that are measured. */
  readonly backing: Peer;
  /** Ours, with room for all keys, and as it is without being told anything. */
  readonly proxy: Peer;
  readonly defaults: Peer;
  readonly twemproxy: Peer | null;
  readonly webdis: Peer | null;
  /** The least that a Deno program does, for HTTP and for RESP. */
  readonly constant: Peer;
  readonly floor: Peer;
}

/** Starts all that can be had and stores the data. */
export async function openField(missing: ReadonlyMap<string, string>): Promise<Field> {
  await using stack = new AsyncDisposableStack();
  const use = async <T extends AsyncDisposable>(peer: Promise<T>): Promise<T> =>
    stack.use(await peer);
  const backing = await use(startRedis(PLACES.backing));
  const redis = await use(startRedis());
  for (const { port } of [redis, backing]) {
    for (const [name, dataset] of Object.entries(DATASETS)) {
      if (name !== "memory") await store(port, dataset);
    }
  }
  const field = {
    backing,
    redis,
    proxy: await use(startProxy(backing.port, HOLD_ALL)),
    defaults: await use(startProxy(backing.port)),
    twemproxy: missing.has("nutcracker") ? null : await use(startTwemproxy(backing.port)),
    webdis: missing.has("webdis") ? null : await use(startWebdis(backing.port)),
    constant: await use(startConstant(100)),
    floor: await use(startFloor(100)),
  };
  const moved = stack.move();
  return { ...field, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}
