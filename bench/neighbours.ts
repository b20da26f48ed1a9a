// What others notice of a heavy client: the latencies of a client with small requests, beside a
// neighbour that reads or writes 500 MB, 9,000 subscribers, or a subscriber that reads nothing;
// through the proxy, and of redis-server itself.
//   deno run -A bench/neighbours.ts [repetitions]
import { type Peer, startProxy, startRedis } from "./peers.ts";
import { onCpu, output, PLACES } from "./process.ts";
import { median } from "./statistics.ts";

const PROGRAM = new URL("./programs/neighbours.ts", import.meta.url).pathname;
const SECONDS = 5;

const NEIGHBOURS = {
  nothing: "none",
  hgetall: "HGETALL of 500 MB, again and again",
  set: "SET of 500 MB, again and again",
  subscribers: "9,000 subscribers, 10 messages a second",
  deaf: "a subscriber that reads nothing, messages of 1 MB",
};

interface Figures {
  readonly p50: number;
  readonly p99: number;
}

type Latencies = Record<"get" | "incr", Figures>;

const repetitions = Number(Deno.args[0] ?? 3);

async function measure(peer: Peer, role: string): Promise<Latencies> {
  await using _neighbour = await neighbour(peer, role);
  const command = [Deno.execPath(), "run", "-A", "--no-config", "--no-lock", PROGRAM];
  const text = await output(PLACES.load, [...command, `${peer.port}`, "measure", `${SECONDS}`]);
  return JSON.parse(text);
}

/** Starts a neighbour, and waits until it works. */
async function neighbour(peer: Peer, role: string): Promise<AsyncDisposable> {
  const args = ["run", "-A", "--no-config", "--no-lock", PROGRAM, `${peer.port}`, role];
  const [program, ...rest] = onCpu(PLACES.load, [Deno.execPath(), ...args]);
  const raised = ["-c", 'ulimit -n "$(ulimit -Hn)" && exec "$@"', "sh", program!, ...rest];
  const child = new Deno.Command("sh", { args: raised, stdout: "piped", stdin: "null" }).spawn();
  const reader = child.stdout.getReader();
  const first = await reader.read();
  if (first.done) throw new Error(`Cannot measure: the neighbour "${role}" has ended`);
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

/** The highest resident memory of a process so far, in MB. */
function peakOf(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(text)![1]) / 1024);
}

for (const [role, title] of Object.entries(NEIGHBOURS)) {
  const all: Record<"direct" | "proxy", Latencies[]> = { direct: [], proxy: [] };
  let peak = 0;
  for (let round = 0; round < repetitions; round++) {
    for (const kind of ["direct", "proxy"] as const) {
      const args = ["--maxclients", "50000"];
      await using redis = await startRedis(
        kind === "direct" ? PLACES.server : PLACES.backing,
        args,
      );
      if (kind === "direct") {
        all.direct.push(await measure(redis, role));
      } else {
        await using proxy = await startProxy(redis.port, ["--max-upstreams", "20000"]);
        all.proxy.push(await measure(proxy, role));
        peak = Math.max(peak, peakOf(proxy.pid));
      }
    }
  }
  for (const name of ["get", "incr"] as const) {
    const [direct, proxy] = (["direct", "proxy"] as const).map((kind) => {
      const of = (part: "p50" | "p99") => median(all[kind].map((one) => one[name][part]));
      return { p50: of("p50"), p99: of("p99") };
    }) as [Figures, Figures];
    const shown = ({ p50, p99 }: Figures) => `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`;
    console.log(
      `${title}: ${name.toUpperCase()} direct ${shown(direct)}; proxy ${shown(proxy)}; ` +
        `p99 ${(proxy.p99 / direct.p99).toFixed(2)} of direct; proxy's peak memory ${peak} MB`,
    );
  }
}
