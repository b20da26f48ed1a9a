/**
 * The rights that reads from replicas need. Each server has its own users, so the check tries the
 * commands at each of them.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import type { OriginAddress } from "../origin/address.ts";
import { authenticate } from "../origin/greeting.ts";
import { open } from "../origin/open.ts";
import { Refused } from "../origin/refusal.ts";
import { Closings } from "../origin/wire/closings.ts";
import { nameOf, type Place } from "../topology/replicas/roles.ts";
import { Asking } from "./asking.ts";
import { type Finding, warning } from "./finding.ts";
import { isAboutCommand } from "./rights.ts";

/** A server, and the commands to try there. */
interface Asked {
  readonly name: string;
  readonly address: OriginAddress;
  readonly commands: readonly string[];
}

/** What a server lacks: a right, or all of them because of an error. */
interface Lack {
  readonly name: string;
  readonly right: string | Error;
}

/** The most servers to ask at once. */
const AT_ONCE = 16;

const PROOF = ["INFO replication", "ROLE"];
const TRACKING = ["CLIENT TRACKING OFF", "CLIENT TRACKINGINFO"];

/** Judges the rights of the proxy's user at masters and their replicas. */
export async function checkReplicaRights(
  masters: readonly Place[],
  replicas: readonly Place[],
  isClustered: boolean,
  { values, origin }: Config,
): Promise<Finding[]> {
  const atReplicas = [
    ...isClustered ? ["READONLY"] : [],
    ...PROOF,
    `GET redis-proxy:check:${crypto.randomUUID()}`,
    ...values.coherence === "off" ? [] : TRACKING,
  ];
  const all: Asked[] = [
    ...masters.map((place) => ({
      ...{ name: nameOf(place), commands: PROOF },
      address: isClustered ? at(place, origin) : origin,
    })),
    ...replicas.map((place) => ({
      ...{ name: nameOf(place), commands: atReplicas, address: at(place, origin) },
    })),
  ];
  const lacks: Lack[] = [];
  for (let from = 0; from < all.length; from += AT_ONCE) {
    const some = all.slice(from, from + AT_ONCE);
    const found = await Promise.all(some.map((one) => lacksOf(one, values["redis-timeout"])));
    lacks.push(...found.flat());
  }
  const user = origin.username ?? "default";
  return [...Map.groupBy(lacks, ({ right }) => right)].map(([right, lacks]) => {
    const names = lacks.map(({ name }) => name).join(", ");
    if (typeof right !== "string") return unusable(names, right, user);
    const command = right.replace("|", " ").toUpperCase();
    const effect = right.startsWith("client|") && !isClustered
      ? "the replica announces no changes, so values stay until their time is up"
      : "reads go to the master";
    const found = `The Redis user may not run ${command} at ${names}: ${effect}`;
    return warning("replicas", found, `ACL SETUSER ${user} +${right}`);
  });
}

/** The address of a server that has the same user and TLS. */
function at({ host, port }: Place, origin: OriginAddress): OriginAddress {
  return { ...origin, socket: null, host, port };
}

async function lacksOf({ name, address, commands }: Asked, timeout: number): Promise<Lack[]> {
  try {
    const { connection, handshake } = await open(address, timeout, new Closings());
    try {
      await authenticate(handshake, address);
      const redis = new Asking(connection, timeout);
      const refusals = await Promise.all(
        commands.map((command) => redis.refusal(...command.split(" "))),
      );
      const refused = commands.filter((_, index) => isAboutCommand(refusals[index] ?? ""));
      return refused.map((command) => ({ name, right: rightOf(command) }));
    } finally {
      connection.close("the check is over");
    }
  } catch (failure) {
    return [{ name, right: failure as Error }];
  }
}

/** `client|tracking` for `CLIENT TRACKING OFF`, and `role` for `ROLE`. */
function rightOf(command: string): string {
  const [name, first] = command.toLowerCase().split(" ");
  return name === "client" ? `${name}|${first}` : name!;
}

function unusable(name: string, failure: Error, user: string): Finding {
  const found = `${name} cannot be used: ${failure.message}`;
  const fix = failure instanceof Refused
    ? `ACL SETUSER ${user} on >PASSWORD there too: Redis does not copy users to other servers`
    : "Open the port in the firewall, or set the announced address in its redis.conf";
  return warning("replicas", found, fix);
}
