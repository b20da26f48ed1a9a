/**
 * Faults of a master with sentinels: it fails over, dies and freezes, and sentinels fall silent.
 *
 * @module
 */
import { askSentinel } from "../../tools/sentinels.ts";
import { until } from "../support/serving.ts";
import type { History } from "./history.ts";
import type { Fault, Place } from "./rig.ts";
import { SentinelRig } from "./sentinel_rig.ts";
import { SERVER_FAULTS } from "./server_faults.ts";

/** How long it may take until all sentinels name another master. */
const PROMOTION_MS = 20_000;

/** Shorter than the time after which sentinels replace a master. */
const HANG_MS = 600;

/** Long enough for the proxy to notice. */
const SILENCE_MS = 3000;

const LOST = ["origin_connections_lost_total"];
const MOVED = ["sentinel_moves_total"];

/** Lets another server become the master. Meanwhile, acknowledged writes may be lost. */
async function replacing(
  rig: SentinelRig,
  history: History,
  work: () => Promise<void> | void,
): Promise<void> {
  const { port } = rig.master;
  const settled = history.doubt(() => true, performance.now());
  await work();
  await until(() => rig.master.port !== port, PROMOTION_MS);
  settled(performance.now());
}

/** The master is stopped until it is replaced. */
class Stopped implements Fault<SentinelRig> {
  readonly shows = [...LOST, ...MOVED];
  #port = 0;

  constructor(
    readonly name: string,
    readonly signal: "SIGKILL" | "SIGSTOP",
    readonly goOn: (rig: SentinelRig, port: number) => Promise<void> | void,
  ) {}

  async begin(rig: SentinelRig, history: History): Promise<void> {
    this.#port = rig.master.port;
    await replacing(rig, history, () => rig.master.kill(this.signal));
  }

  async end(rig: SentinelRig): Promise<void> {
    await this.goOn(rig, this.#port);
  }
}

export const SENTINEL_FAULTS: readonly Fault<SentinelRig>[] = [
  ...SERVER_FAULTS,
  {
    name: "failover",
    shows: MOVED,
    begin: (rig, history) =>
      replacing(rig, history, async () => {
        const { name, sentinels } = rig.set;
        const ask = () => askSentinel(sentinels[0]!.port, `SENTINEL FAILOVER ${name}`);
        await until(async () => (await ask()).startsWith("+OK"));
      }),
  },
  new Stopped("kill", "SIGKILL", (rig, port) => rig.restart(port)),
  new Stopped("freeze", "SIGSTOP", (rig, port) => rig.wake(port)),
  {
    name: "hang",
    duration: HANG_MS,
    shows: ["origin_duration_seconds over 0.1", ...LOST],
    begin: ({ master }) => master.kill("SIGSTOP"),
    end: ({ master }) => master.kill("SIGCONT"),
  },
  {
    name: "silent-sentinels",
    duration: SILENCE_MS,
    shows: ["sentinels_agreeing"],
    begin: ({ set }) => set.sentinels.slice(1).forEach((one) => one.kill("SIGSTOP")),
    end: ({ set }) => set.sentinels.slice(1).forEach((one) => one.kill("SIGCONT")),
  },
];

export const SENTINELS: Place<SentinelRig> = {
  start: (lease, args, program) => SentinelRig.start(lease, args, program),
  faults: SENTINEL_FAULTS,
  bound: (lease) => lease + 100,
};
