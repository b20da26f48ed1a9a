/**
 * The table of commands that a server has, by which a request finds its specification.
 *
 * @module
 */
import { type CommandSpec, readCommandTable, type Reply, type Words } from "./spec.ts";

/** Length from which no command has a name, in bytes. */
const NAME_BYTES = 64;

export class CommandTable {
  /** Specifications by the names that clients write; most write them in one case only. */
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

  /** Whether the server told its commands. */
  get isKnown(): boolean {
    return this.#specs.size > 0;
  }

  /** The specification of a request's command, or of its subcommand; undefined if there is none. */
  find(words: Words): CommandSpec | undefined {
    const name = words.string(0, NAME_BYTES);
    const spec = this.#specs.get(name) ?? this.#specs.get(name.toLowerCase());
    if (spec === undefined || spec.subcommands.size === 0 || words.count < 2) return spec;
    // An unknown subcommand is left to Redis, which has the words for it.
    return spec.subcommands.get(words.string(1, NAME_BYTES).toLowerCase()) ?? spec;
  }
}
