/**
 * The table of a server's commands. It finds the specification of a request.
 *
 * @module
 */
import { subcommandsOf } from "./names.ts";
import { type CommandSpec, readCommandTable, type Reply, type Words } from "./spec.ts";

/** No command has such a long name, in bytes. */
const NAME_BYTES = 64;

export class CommandTable {
  /** Specifications by the names as clients write them. Most clients use one case only. */
  readonly #specs: ReadonlyMap<string, CommandSpec>;

  constructor(specs: ReadonlyMap<string, CommandSpec> = new Map()) {
    const both = new Map<string, CommandSpec>();
    for (const [name, spec] of specs) {
      const whole = withSubcommands(spec);
      both.set(name, whole).set(name.toUpperCase(), whole);
    }
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

  /** Whether there is a command, subcommand (`parent|name`) or category (`@name`) of this name. */
  has(name: string): boolean {
    if (name.startsWith("@")) return [...this.#specs.values()].some((one) => isIn(one, name));
    const [parent, sub] = name.split("|");
    const spec = this.#specs.get(parent!);
    return sub === undefined ? spec !== undefined : spec?.subcommands.has(sub) ?? false;
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

/** Before Redis 7.0, COMMAND shows no subcommands. They have the flags and keys of their parent. */
function withSubcommands(spec: CommandSpec): CommandSpec {
  if (spec.subcommands.size > 0) return spec;
  const names = subcommandsOf(spec.name);
  if (names.length === 0) return spec;
  const subcommands = new Map(
    names.map((sub) => [sub, { ...spec, name: `${spec.name}|${sub}` }]),
  );
  return { ...spec, subcommands };
}

function isIn({ categories, subcommands }: CommandSpec, category: string): boolean {
  return categories.has(category.slice(1)) ||
    [...subcommands.values()].some((one) => isIn(one, category));
}
