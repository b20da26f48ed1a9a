/**
 * The soak: writers write versions, readers read them through the proxy over both protocols, faults
 * come and go, and every answer is judged.
 *
 * @module
 */
import { hasOwnNetwork } from "../support/own_network.ts";
import { adminPortOf } from "../support/proxy.ts";
import { callsOf, until } from "../support/serving.ts";
import { RespClient } from "./clients.ts";
import { faultsIn, Health, isLeaking, type Memory } from "./health.ts";
import { History, type Report } from "./history.ts";
import { isOwn, Load, type LoadOptions } from "./load.ts";
import type { Fault, Place, Rig } from "./rig.ts";
import { type Seen, Visibility } from "./visibility.ts";

export interface SoakOptions extends LoadOptions {
  /** How long it takes; default: until each fault has happened once, in their order. */
  readonly seconds?: number;
  /** The proxy's lease, in milliseconds. */
  readonly lease: number;
  /** The faults, one after the other at random; none if empty. */
  readonly faults: readonly string[];
  readonly onFault?: (name: string) => void;
  /** Takes the log of the proxy in the end. */
  readonly onLog?: (log: string) => void;
  /** The time from one fault to the next, in milliseconds; default: at random, about a lease. */
  readonly every?: number;
  /**
   * Whether to measure the memory of the proxy, for which Deno needs all permissions, and to check
   * that faults are seen in metrics.
   */
  readonly isMeasured?: boolean;
  /** How Redis announces changes; default: as the proxy chooses. */
  readonly trackingMode?: string;
  /** Where the proxy reads keys; default: from masters. */
  readonly readFrom?: string;
  /** The server; default: the redis-server on PATH. */
  readonly program?: string;
}

export interface SoakReport extends Report {
  /** The number of error replies, by their first word. */
  readonly errors: Readonly<Record<string, number>>;
  /** The slowest answer, in milliseconds. */
  readonly slowest: number;
  /** Keys that differed from Redis after the quiet period. */
  readonly unequal: readonly string[];
  /** The requests still in flight in the proxy after the last reply, by the names of INFO. */
  readonly leftovers: readonly string[];
  readonly faults: number;
  /** How long the proxy needed at most to serve every key once the servers were whole, in ms. */
  readonly recovery: number;
  /** What was seen of each fault; null if it was not watched. */
  readonly seen: Readonly<Record<string, Seen>> | null;
  /** The memory of the proxy; null if it was not measured, or not for long. */
  readonly memory: Memory | null;
  /** Reads at Redis for each write and key; 1 is the minimum. */
  readonly readsPerChange: number;
}

/** An answer without faults may be this old, in milliseconds. */
const CALM_MS = 50;

/** These must be zero in the end, within this time: a refresh may run without a client. */
const AT_REST = ["origin_flights", "origin_permits", "origin_waiting", "origin_large_bytes"];
const REST_LIMIT = 3000;

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The faults of a place that can happen with a way of tracking. */
export function faultsOf<R extends Rig>(place: Place<R>, trackingMode = "auto"): string[] {
  const isPossible = ({ isOfRedirect, isOfNetwork }: Fault<R>) =>
    (!isOfRedirect || trackingMode === "redirect") && (!isOfNetwork || hasOwnNetwork());
  return place.faults.filter(isPossible).map(({ name }) => name);
}

export async function soak<R extends Rig>(
  place: Place<R>,
  options: SoakOptions,
): Promise<SoakReport> {
  const { lease, trackingMode = "auto", program, isMeasured = false } = options;
  const faults = place.faults.filter(({ name }) => options.faults.includes(name));
  const args = ["--tracking-mode", trackingMode, "--read-from", options.readFrom ?? "master"];
  if (isMeasured) args.push("--admin-port", "0");
  await using rig = await place.start(lease, args, program);
  const bound = faults.length === 0 ? CALM_MS : place.bound(lease);
  const history = new History(bound, isOwn);
  using health = isMeasured
    ? new Health(rig.proxy.process.pid, await adminPortOf(rig.proxy))
    : null;
  await using seeing = isMeasured && faults.length > 0
    ? await Visibility.start(rig.proxy, faults)
    : null;
  const run = new Run(rig, history, faults, seeing, options);
  const unequal = await run.all();
  const memory = health?.memory ?? null;
  if (memory !== null && isLeaking(memory)) {
    history.violations.push(`memory in use grew, in MiB: ${memory.lows.join(", ")}`);
  }
  const leftovers = await leftoversOf(rig.proxy.port);
  options.onLog?.(rig.proxy.process.stderr);
  history.violations.push(...faultsIn(rig.proxy.process.stderr));
  return {
    ...history.report(),
    ...run.figures(),
    seen: seeing?.seen ?? null,
    memory,
    unequal,
    leftovers,
  };
}

async function leftoversOf(port: number): Promise<string[]> {
  const client = new RespClient(port);
  const deadline = performance.now() + REST_LIMIT;
  for (;;) {
    const answer = await client.bulk("INFO", "cache");
    const info = "value" in answer ? answer.value ?? "" : answer.error;
    const left = AT_REST.filter((name) => !new RegExp(`^${name}:0\r$`, "m").test(info));
    if (left.length === 0 || performance.now() > deadline) {
      client.close();
      return left;
    }
    await wait(20);
  }
}

class Run<R extends Rig> {
  readonly #load: Load;
  #faults = 0;
  #recovery = 0;
  #reads = 0;

  constructor(
    readonly rig: R,
    readonly history: History,
    readonly faults: readonly Fault<R>[],
    readonly seeing: Visibility | null,
    readonly options: SoakOptions,
  ) {
    this.#load = new Load(rig, history, options);
  }

  /** Runs the soak; returns the keys that differ from Redis in the end. */
  async all(): Promise<string[]> {
    const { rig, faults, options: { seconds, lease } } = this;
    if (seconds === undefined) { for (const fault of faults) await this.#fail(fault); }
    const end = performance.now() + (seconds ?? 0) * 1000;
    while (performance.now() < end) {
      if (faults.length === 0) await wait(Math.min(100, end - performance.now()));
      else await this.#fail(faults[Math.floor(Math.random() * faults.length)]!);
    }
    await this.#load.pauseWrites();
    await wait(Math.max(1000, lease * 2));
    for (const port of await rig.masters()) this.#reads += await callsOf(port, "getrange");
    const unequal = await this.#compare();
    await this.#load.end();
    return unequal;
  }

  figures() {
    const changes = this.history.writes + this.#load.keys.length;
    return {
      errors: this.#load.errors,
      slowest: Math.round(this.#load.slowest),
      faults: this.#faults,
      recovery: Math.round(this.#recovery),
      readsPerChange: Math.round(100 * this.#reads / changes) / 100,
    };
  }

  /** Runs one fault, and waits until the next one. */
  async #fail(fault: Fault<R>): Promise<void> {
    const { history, seeing, options: { every, lease } } = this;
    this.#faults++;
    this.options.onFault?.(fault.name);
    const beganAt = performance.now();
    const happen = () =>
      this.#happen(fault).catch(({ message }) => {
        history.violations.push(`${fault.name} did not go as it should: ${message}`);
      });
    const isSeen = await (seeing?.watch(fault as Fault, happen) ?? happen().then(() => true));
    if (!isSeen) history.violations.push(`${fault.name} moved none of ${fault.shows}`);
    const next = every === undefined ? performance.now() + Math.random() * lease : beganAt + every;
    if (every !== undefined) await seeing?.watchNothing(next);
    await wait(Math.max(0, next - performance.now()));
  }

  /** Lets a fault begin and end; it sometimes lasts longer than the lease. */
  async #happen(fault: Fault<R>): Promise<void> {
    const { rig, history } = this;
    const vanished = fault.isEvicting ? history.vanish(performance.now()) : undefined;
    if (fault.isLossy) {
      await this.#load.pauseWrites();
      const acknowledge = this.#load.keys.map((key) => history.write(key, null, performance.now()));
      await fault.begin(rig, history);
      acknowledge.forEach((one) => one(performance.now()));
      this.#load.resumeWrites();
    } else {
      await fault.begin(rig, history);
    }
    await wait(fault.duration ?? (0.25 + 1.75 * Math.random()) * rig.lease);
    await fault.end?.(rig, history);
    vanished?.(performance.now());
    await rig.recovered();
    const { every, seconds } = this.options;
    if (every === undefined && seconds !== undefined) return;
    const since = performance.now();
    await this.#served();
    this.#recovery = Math.max(this.#recovery, performance.now() - since);
  }

  /** Waits until the proxy serves every key. */
  async #served(): Promise<void> {
    const client = new RespClient(this.rig.proxy.port);
    for (const key of this.#load.keys) await until(async () => "value" in await client.get(key));
    client.close();
  }

  async #compare(): Promise<string[]> {
    const through = new RespClient(this.rig.proxy.port);
    const direct = this.rig.direct();
    const unequal: string[] = [];
    for (const key of this.#load.keys) {
      const kept = await through.get(key);
      const real = { value: await direct.get(key) };
      if (JSON.stringify(kept) !== JSON.stringify(real)) {
        unequal.push(`${key}: ${JSON.stringify(kept)} is ${JSON.stringify(real)}`);
      }
    }
    through.close();
    direct.close();
    return unequal;
  }
}
