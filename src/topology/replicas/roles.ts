/**
 * What servers say of their part in replication.
 *
 * Source: https://redis.io/docs/latest/commands/role/
 *
 * @module
 */

/** A host and a port, as Redis names them. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The answer of a master to ROLE. */
export interface MasterRole {
  /** How much it has written to its stream of replication, in bytes. */
  readonly offset: number;
  /** The replicas that are connected to it. */
  readonly replicas: readonly Place[];
}

/** Reads the answer of a master to ROLE; null if the server is none. */
export function masterRole(reply: unknown): MasterRole | null {
  if (!Array.isArray(reply) || reply[0] !== "master" || !Array.isArray(reply[2])) return null;
  const replicas = reply[2].flatMap((one: unknown) => {
    const [host, port] = Array.isArray(one) ? one.map(String) : [];
    return host === undefined || host === "" ? [] : [{ host, port: Number(port) }];
  });
  return { offset: Number(reply[1]), replicas };
}

/** The answer of a replica to ROLE. */
export interface ReplicaRole {
  /** How much of its master's stream it has applied, in bytes. */
  readonly offset: number;
  /** Its master, by the name that it uses. */
  readonly master: string;
}

/** Reads the answer of a replica to ROLE; null if the server is none, or not connected to its master. */
export function replicaRole(reply: unknown): ReplicaRole | null {
  if (!Array.isArray(reply) || reply[0] !== "slave" || reply[3] !== "connected") return null;
  return { offset: Number(reply[4]), master: `${reply[1]}:${reply[2]}` };
}

/** The stream that a server writes or follows, from INFO replication; null if it says none. */
export function streamOf(info: unknown): string | null {
  return /^master_replid:(\w+)/m.exec(String(info))?.[1] ?? null;
}

/** A place for people. */
export function nameOf({ host, port }: Place): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
