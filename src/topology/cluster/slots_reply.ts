/**
 * The reply to CLUSTER SLOTS.
 *
 * Source: https://redis.io/docs/latest/commands/cluster-slots/
 *
 * @module
 */
import type { Reply } from "../../origin/wire/reply.ts";

/** Where a node is. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Slots in a row, and the master that owns them. */
export interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly place: Place;
  /** The id of the node in the cluster. */
  readonly id: string;
  /** Whether the reply names the host. */
  readonly isNamed: boolean;
}

/**
 * Reads the reply.
 *
 * @param asked The host of the node that replied: it names no host where it does not know its own.
 */
export function readSlots(reply: Reply, asked: string): SlotRange[] {
  if (!Array.isArray(reply)) throw new Error("CLUSTER SLOTS was answered by no array");
  return reply.map((range) => {
    const [first, last, master] = range as [number, number, Reply[]];
    const [host, port, id] = master as [string | null, number, string];
    return {
      ...{ first, last, place: placeOf(host, port, asked), isNamed: !isUnknown(host) },
      id: String(id ?? `${host}:${port}`),
    };
  });
}

/** The ranges of each master, by its name. */
export type Shares = ReadonlyMap<string, readonly SlotRange[]>;

export function sharesOf(ranges: readonly SlotRange[]): Shares {
  return Map.groupBy(ranges, ({ place }) => nameOf(place));
}

/** The places of the replicas of a master, by its name, in the same reply. */
export function replicasIn(reply: Reply, asked: string, master: string): Place[] {
  if (!Array.isArray(reply)) return [];
  const nodes = reply.map((range) => (range as [number, number, ...Reply[][]]).slice(2))
    .map((nodes) =>
      (nodes as [string | null, number][]).map(([host, port]) => placeOf(host, port, asked))
    );
  const all = nodes.flatMap(([first, ...others]) => nameOf(first!) === master ? others : []);
  return [...new Map(all.map((place) => [nameOf(place), place])).values()];
}

/** The place in a redirection: `MOVED 3999 127.0.0.1:6381`, with the slot; null for other errors. */
export function readRedirection(
  message: string,
  asked: string,
): { readonly kind: "MOVED" | "ASK"; readonly slot: number; readonly place: Place } | null {
  const parts = /^(MOVED|ASK) (\d+) (.*):(\d+)$/.exec(message);
  if (parts === null) return null;
  const [, kind, slot, host, port] = parts;
  return {
    kind: kind as "MOVED" | "ASK",
    slot: Number(slot),
    place: placeOf(host!, Number(port), asked),
  };
}

/** The name of a place: host:port. */
export function nameOf({ host, port }: Place): string {
  return `${host}:${port}`;
}

function placeOf(host: string | null, port: number, asked: string): Place {
  return { host: isUnknown(host) ? asked : host.replace(/^\[|\]$/g, ""), port };
}

function isUnknown(host: string | null): host is null | "" | "?" {
  return host === null || host === "" || host === "?";
}
