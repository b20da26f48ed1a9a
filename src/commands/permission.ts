/**
 * Permissions: which commands may pass to Redis. Two lists of names and `@categories` modify the
 * default, which refuses commands that endanger the server or the proxy.
 *
 * @module
 */
import type { CommandSpec } from "./spec.ts";

/** Command names (`set`, `client|kill`) and categories (`@dangerous`), in lower case. */
export type CommandList = readonly string[];

/** The commands that are refused by default. */
export const DENIED_BY_DEFAULT: CommandList = [
  // They turn the connection into a replication stream.
  ...["sync", "psync", "replconf"],
  // They end, freeze or crash the server, or change its role.
  ...["shutdown", "debug", "replicaof", "slaveof", "failover", "pfdebug", "pfselftest"],
  ...["module|load", "module|loadex", "module|unload"],
  // They change a cluster.
  ...["cluster|addslots", "cluster|addslotsrange", "cluster|bumpepoch", "cluster|delslots"],
  ...["cluster|delslotsrange", "cluster|failover", "cluster|flushslots", "cluster|forget"],
  ...["cluster|meet", "cluster|replicate", "cluster|reset", "cluster|saveconfig"],
  ...["cluster|set-config-epoch", "cluster|setslot", "cluster|migration", "cluster|migrateslots"],
  // They stop every client of the server, this proxy included.
  ...["script|debug", "client|pause"],
];

/** Changes of the default list. */
export interface Permissions {
  /** Commands to refuse in addition. */
  readonly deny: CommandList;
  /** Commands to allow, even if another list refuses them. */
  readonly allow: CommandList;
}

/** Decides whether a command may pass. */
export class PassFilter {
  readonly #deny: ReadonlySet<string>;
  readonly #allow: ReadonlySet<string>;

  constructor({ deny, allow }: Permissions = { deny: [], allow: [] }) {
    this.#deny = new Set([...DENIED_BY_DEFAULT, ...deny]);
    this.#allow = new Set(allow);
  }

  /** Whether this command may pass to Redis. */
  allows(spec: CommandSpec): boolean {
    return matches(this.#allow, spec) || !matches(this.#deny, spec);
  }

  /** Whether an unknown command may pass. */
  allowsName(name: string): boolean {
    return this.#allow.has(name) || !this.#deny.has(name);
  }
}

function matches(list: ReadonlySet<string>, { name, categories }: CommandSpec): boolean {
  if (list.size === 0) return false;
  if (list.has(name) || list.has("@all")) return true;
  const bar = name.indexOf("|");
  if (bar > 0 && list.has(name.slice(0, bar))) return true;
  for (const category of categories) if (list.has(`@${category}`)) return true;
  return false;
}
