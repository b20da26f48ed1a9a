/**
 * The table of a server's commands. It finds the specification of a request.
 *
 * @module
 */
import { type CommandSpec, readCommandTable, type Reply, type Words } from "./spec.ts";

/** No command has such a long name, in bytes. */
const NAME_BYTES = 64;

export class CommandTable {
  /** Specifications by the names as clients write them. Most clients use one case only. */
  readonly #specs: ReadonlyMap<string, CommandSpec>;

  constructor(specs: ReadonlyMap<string, CommandSpec> = new Map()) {
    const both = new Map(specs);
    for (const [name, spec] of specs) both.set(name.toUpperCase(), spec);
    this.#specs = both;
  }

  /** Reads the reply to COMMAND. */
  static of(reply: Reply): CommandTable {
    return new CommandTable(readCommandTable(reply));
  }

  /** Whether the commands of the server are known. */
  get isKnown(): boolean {
    return this.#specs.size > 0;
  }

  /** Returns the specification of a request's command or subcommand; undefined if unknown. */
  find(words: Words): CommandSpec | undefined {
    const name = words.string(0, NAME_BYTES);
    const spec = this.#specs.get(name) ?? this.#specs.get(name.toLowerCase());
    if (spec === undefined || spec.subcommands.size === 0 || words.count < 2) return spec;
    // Redis itself answers an unknown subcommand.
    return spec.subcommands.get(words.string(1, NAME_BYTES).toLowerCase()) ?? spec;
  }
}
