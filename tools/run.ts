// `make run`: builds, finds a Redis or starts a temporary one, and serves until Ctrl-C.
//   --redis cluster     starts a temporary cluster: three masters with a replica each
//   --redis sentinel    starts a temporary master with a replica and three sentinels
// All other arguments go to the proxy.
import { build } from "./build.ts";
import { startCluster } from "./cluster.ts";
import { main, ROOT, say } from "./command.ts";
import { ensurePrograms } from "./install_redis.ts";
import { askRedis, freePort, type RedisServer, startRedisServer } from "./redis_server.ts";
import { startSentinelSet } from "./sentinels.ts";

const KEY = "Rescale";
const VALUE = "We Accelerate Engineering Breakthroughs";
const GRACE_MS = 15_000;

/** The Redis to read: the user's own, a local one that answers, or a temporary one that we end. */
interface Backing {
  env: Record<string, string>;
  own?: RedisServer;
  /** Several servers that we end. */
  servers?: AsyncDisposable;
  /** What to try beside reads. */
  hint?: string;
}

/** Takes `--redis <kind>` off the arguments of the proxy. */
function takeKind(args: string[]): string | undefined {
  const at = args.findIndex((arg) => arg === "--redis" || arg.startsWith("--redis="));
  if (at < 0) return undefined;
  const [flag, value = args[at + 1]] = args[at]!.split("=");
  args.splice(at, flag === args[at] ? 2 : 1);
  return value;
}

/** Starts several temporary servers. */
async function startServers(kind: string): Promise<Backing> {
  await ensurePrograms("redis-server");
  if (kind === "cluster") {
    const cluster = await startCluster({ detached: true });
    const [master] = cluster.masters;
    say(`redis: a temporary cluster, ${cluster.url}`);
    return {
      env: { RP_REDIS_URL: cluster.url },
      servers: cluster,
      hint: `redis-cli -p ${master!.port} cluster nodes`,
    };
  }
  if (kind !== "sentinel") {
    throw new Error(`Cannot start --redis ${kind}: wanted cluster or sentinel`);
  }
  const set = await startSentinelSet({ detached: true });
  say(`redis: a temporary master with a replica and three sentinels, ${set.url}`);
  return {
    env: { RP_REDIS_URL: set.url },
    servers: set,
    hint: `redis-cli -p ${set.sentinels[0]!.port} sentinel failover ${set.name}`,
  };
}

async function findRedis(kind: string | undefined): Promise<Backing> {
  if (kind !== undefined) return await startServers(kind);
  const named = ["RP_REDIS_URL", "RP_REDIS_HOST", "RP_REDIS_PORT"].filter((name) =>
    Deno.env.get(name)
  );
  if (named.length > 0) {
    say(`redis: from ${named.join(" and ")}`);
    return { env: {} };
  }
  if (await answers(6379)) {
    say("redis: the one on 127.0.0.1:6379");
    return { env: {} };
  }
  await ensurePrograms("redis-server");
  const own = await startRedisServer({ detached: true });
  await askRedis(own.port, `SET ${KEY} "${VALUE}"\r\n`);
  // Users may stop the temporary Redis to see the cache at work, so values must stay.
  const coherence = Deno.env.get("RP_COHERENCE") || "off";
  say(`redis: a temporary one on 127.0.0.1:${own.port}, with the key ${KEY}`);
  const { host, port } = own;
  return {
    env: { RP_REDIS_HOST: host, RP_REDIS_PORT: `${port}`, RP_COHERENCE: coherence },
    own,
  };
}

async function answers(port: number): Promise<boolean> {
  return await askRedis(port, "PING\r\n").catch(() => "") === "+PONG\r\n";
}

/** Serves until the proxy ends or a signal ends it, and returns the exit status. */
async function serve(backing: Backing, args: string[]): Promise<number> {
  const port = Number(Deno.env.get("RP_PORT") || 8080) || freePort();
  const taken = await answers(port); // if another program has the port, the proxy says so and exits
  const proxy = new Deno.Command(`${ROOT}/dist/redis-proxy`, {
    args,
    env: { ...backing.env, RP_PORT: `${port}` },
    stdin: "null",
    detached: true, // a second signal would end it at once, so Ctrl-C goes through us
  }).spawn();
  let asked = false;
  let gone = false;
  const exited = proxy.status.finally(() => gone = true);

  const end = () => {
    asked = true;
    if (gone) return;
    proxy.kill("SIGTERM");
    Deno.unrefTimer(setTimeout(() => gone || proxy.kill("SIGKILL"), GRACE_MS));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, end);
  }

  const ready = async () => {
    while (!gone && !await answers(port)) await new Promise((again) => setTimeout(again, 20));
    if (!gone && !asked && !taken) invite(port, backing);
  };
  const [{ code }] = await Promise.all([exited, ready()]);
  return asked ? 0 : code;
}

function invite(port: number, { own, env, hint }: Backing): void {
  const key = own ? KEY : "some-key";
  say(`
Try it:
  curl http://127.0.0.1:${port}/${key}
  redis-cli -p ${port} get ${key}`);
  if (hint !== undefined) say(`  ${hint}`);
  if (own && env.RP_COHERENCE === "off") {
    say(
      `Stop that Redis (kill ${own.pid}) and ask again: cached values are still served for 30 seconds.
RP_COHERENCE=auto, the default elsewhere, follows every change, and serves no values without Redis.`,
    );
  }
  say("Press Ctrl-C to stop.\n");
}

await main(async () => {
  await build();
  const args = [...Deno.args];
  const backing = await findRedis(takeKind(args));
  try {
    return await serve(backing, args);
  } finally {
    await backing.own?.stop();
    await backing.servers?.[Symbol.asyncDispose]();
  }
});
