// All servers side by side during the run, with the same data.
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

/** The proxy's settings that keep all keys cached: the sizes that the workloads need, no more. */
export const HOLD_ALL = [
  ...["--cache-size", "400000", "--cache-memory", "1gb", "--cache-timeout", "3600"],
] as const;

export interface Field extends AsyncDisposable {
  /** The measured Redis, on the server's CPU. */
  readonly redis: Peer;
  /** The Redis behind the measured proxies. */
  readonly backing: Peer;
  /** Our proxy with room for all keys, and with default settings. */
  readonly proxy: Peer;
  readonly defaults: Peer;
  readonly twemproxy: Peer | null;
  readonly webdis: Peer | null;
  /** Minimal Deno programs for HTTP and for RESP. */
  readonly constant: Peer;
  readonly floor: Peer;
}

/** Starts all available servers and stores the data. */
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
