/**
 * Faults of servers that any of them can have: one Redis, or all masters of a cluster at once.
 *
 * @module
 */
import { RawClient, request } from "../support/client.ts";
import { ask, until } from "../support/serving.ts";
import type { Fault, Rig } from "./rig.ts";

/** Sends a command to all masters. */
async function tell(rig: Rig, ...command: string[]): Promise<void> {
  for (const port of await rig.masters()) await ask(port, ...command);
}

const set = (rig: Rig, name: string, value: string) => tell(rig, "CONFIG", "SET", name, value);

/** How a killed client must end, in milliseconds. */
const KILL_MS = 2000;

export const SERVER_FAULTS: readonly Fault[] = [
  {
    // Every connection of the proxy but an invalidation connection: requests in flight may be
    // executed or not.
    name: "kill-lanes",
    shows: ["origin_connections_lost_total"],
    begin: (rig) => tell(rig, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"),
  },
  {
    name: "client-pause",
    shows: ["origin_duration_seconds over 0.1", "pass_duration_seconds over 0.1"],
    begin: (rig) => tell(rig, "CLIENT", "PAUSE", "300", "ALL"),
  },
  {
    name: "flush",
    isLossy: true,
    shows: ["coherence_flushes_total"],
    begin: (rig) => tell(rig, "FLUSHALL"),
  },
  {
    name: "tracking-table",
    shows: ["coherence_invalidations_total"],
    begin: (rig) => set(rig, "tracking-table-max-keys", "2"),
    end: (rig) => set(rig, "tracking-table-max-keys", "1000000"),
  },
  {
    name: "eviction",
    isEvicting: true,
    shows: ["coherence_invalidations_total"],
    begin: async (rig) => {
      await set(rig, "maxmemory-policy", "allkeys-random");
      await set(rig, "maxmemory", "1mb");
    },
    end: (rig) => set(rig, "maxmemory", "0"),
  },
  {
    // A client of the proxy that waits at Redis is ended by its id.
    name: "kill-client",
    shows: ['commands_total{command="client"}'],
    begin: async ({ proxy: { port } }, { violations }) => {
      using client = await RawClient.connect(port);
      await client.send(request("CLIENT", "ID"));
      const id = (await client.until("\r\n")).slice(1, -2);
      await client.send(request("BLPOP", "nothing", "30"));
      let isEnded = false;
      client.rest().catch(() => {}).finally(() => isEnded = true);
      await ask(port, "CLIENT", "KILL", "ID", id);
      await until(() => isEnded, KILL_MS).catch(() => violations.push(`not killed: client ${id}`));
    },
  },
];
