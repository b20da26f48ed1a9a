/**
 * Permissions: which commands clients may use. Two lists of names and `@categories` modify the
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

/** The properties of a command that decide. */
export type Judged = Pick<CommandSpec, "name" | "flags" | "categories">;

/** Decides whether a command may be used. */
export class PassFilter {
  readonly #deny: ReadonlySet<string>;
  readonly #allow: ReadonlySet<string>;
  readonly #deniesCategories: boolean;

  constructor(readonly permissions: Permissions = { deny: [], allow: [] }) {
    const { deny, allow } = permissions;
    this.#deny = new Set([...DENIED_BY_DEFAULT, ...deny]);
    this.#allow = new Set(allow);
    this.#deniesCategories = deny.some((name) => name.startsWith("@"));
  }

  /** Whether it refuses more than by default. */
  get isStrict(): boolean {
    return this.permissions.deny.length > 0;
  }

  /** Whether this command may be used. As in Redis, clients may always log in and leave. */
  allows(command: Judged): boolean {
    return matches(this.#allow, command) || !matches(this.#deny, command) ||
      command.flags.has("no_auth");
  }

  /**
   * Whether a command without a specification may be used.
   *
   * @param isTableKnown Whether the server has shown its commands. If not, each of them may be in
   * any category.
   */
  allowsName(name: string, isTableKnown: boolean): boolean {
    if (this.#allow.has(name) || this.#allow.has("@all")) return true;
    const isDenied = this.#deny.has(name) || this.#deny.has("@all");
    return !isDenied && (isTableKnown || !this.#deniesCategories);
  }
}

function matches(list: ReadonlySet<string>, { name, categories }: Judged): boolean {
  if (list.size === 0) return false;
  if (list.has(name) || list.has("@all")) return true;
  const bar = name.indexOf("|");
  if (bar > 0 && list.has(name.slice(0, bar))) return true;
  for (const category of categories) if (list.has(`@${category}`)) return true;
  return false;
}
