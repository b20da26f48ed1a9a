/**
 * Command specifications: the COMMAND reply of a server in a form that is easy to use. The reply
 * differs by protocol (RESP3 uses maps and sets, RESP2 flat arrays) and by version (key
 * specifications came with Redis 7.0, categories with 6.0).
 *
 * Source: https://redis.io/docs/latest/commands/command/ and
 * https://redis.io/docs/latest/develop/reference/key-specs/
 *
 * @module
 */

/** A decoded reply, for each RESP type. */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

/** The arguments of a request, the command's name first, as code units 0 to 255. */
export interface Words {
  readonly count: number;
  /** Argument `index`, cut after `most` bytes. */
  string(index: number, most?: number): string;
}

/** Where the search for keys begins in the arguments of a command. */
export type KeySearch =
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "keyword"; readonly keyword: string; readonly startFrom: number }
  | { readonly type: "unknown" };

/** Where the keys are from there. */
export type KeyFind =
  | { readonly type: "range"; readonly last: number; readonly step: number; readonly limit: number }
  | {
    readonly type: "keynum";
    readonly countAt: number;
    readonly first: number;
    readonly step: number;
  }
  | { readonly type: "unknown" };

/** One rule that finds some of the keys of a command. */
export interface KeySpec {
  /** Flags in upper case as Redis names them: RO, RW, OW, RM, and more. */
  readonly flags: ReadonlySet<string>;
  readonly search: KeySearch;
  readonly find: KeyFind;
}

/** The specification of one command or subcommand. */
export interface CommandSpec {
  /** Its name in lower case; a subcommand's is `parent|name`. */
  readonly name: string;
  /** The number of arguments, with the name; negative for at least that many. */
  readonly arity: number;
  readonly flags: ReadonlySet<string>;
  /** Categories of access lists, without the `@`. */
  readonly categories: ReadonlySet<string>;
  /** The first and the last argument that is a key, and the step; 0 for no keys. */
  readonly keyRange: readonly [first: number, last: number, step: number];
  /** Key specifications; null before Redis 7.0. */
  readonly keySpecs: readonly KeySpec[] | null;
  /** The specifications of written keys. */
  readonly writeSpecs: readonly KeySpec[];
  /** The argument that is the only key that it names, and that it writes; 0 for other commands. */
  readonly writtenAt: number;
  /** The argument that is the only key that it names; 0 for other commands. */
  readonly keyAt: number;
  readonly subcommands: ReadonlyMap<string, CommandSpec>;
}

/** Flags of keys that are written, overwritten or removed. */
const WRITES = ["RW", "OW", "RM"] as const;

/** Reads the reply to COMMAND. Leaves out malformed entries. */
export function readCommandTable(reply: Reply): Map<string, CommandSpec> {
  const table = new Map<string, CommandSpec>();
  for (const entry of list(reply)) {
    const spec = readSpec(list(entry));
    if (spec !== null) table.set(spec.name, spec);
  }
  return table;
}

function readSpec(entry: readonly Reply[]): CommandSpec | null {
  const name = text(entry[0]).toLowerCase();
  const arity = integer(entry[1]);
  if (name === "" || arity === 0) return null;
  const subcommands = new Map<string, CommandSpec>();
  for (const one of list(entry[9])) {
    const spec = readSpec(list(one));
    if (spec !== null) subcommands.set(spec.name.slice(spec.name.indexOf("|") + 1), spec);
  }
  const keySpecs = entry.length > 8 ? list(entry[8]).map(readKeySpec) : null;
  const writeSpecs = keySpecs?.filter(isWritten) ?? [];
  const flags = words(entry[2], "");
  return {
    name,
    arity,
    flags,
    categories: words(entry[6], "@"),
    keyRange: [integer(entry[3]), integer(entry[4]), integer(entry[5])],
    keySpecs,
    writeSpecs,
    keyAt: keySpecs?.length === 1 ? onlyIndexOf(keySpecs[0]) : 0,
    writtenAt: flags.has("write") && keySpecs?.length === 1 ? onlyIndexOf(writeSpecs[0]) : 0,
    subcommands,
  };
}

function isWritten({ flags }: KeySpec): boolean {
  return WRITES.some((flag) => flags.has(flag));
}

/** Returns the only argument that a specification names, counted from the first; 0 for others. */
function onlyIndexOf(spec: KeySpec | undefined): number {
  const isOne = spec?.search.type === "index" && spec.find.type === "range" && spec.find.last === 0;
  return isOne ? Math.max(0, spec.search.index) : 0;
}

function readKeySpec(reply: Reply): KeySpec {
  const spec = fields(reply);
  const search = fields(spec.get("begin_search"));
  const find = fields(spec.get("find_keys"));
  return {
    flags: new Set(list(spec.get("flags")).map(text)),
    search: readSearch(text(search.get("type")), fields(search.get("spec"))),
    find: readFind(text(find.get("type")), fields(find.get("spec"))),
  };
}

function readSearch(type: string, spec: ReadonlyMap<string, Reply>): KeySearch {
  switch (type) {
    case "index":
      return { type, index: integer(spec.get("index")) };
    case "keyword": {
      const keyword = text(spec.get("keyword")).toLowerCase();
      return { type, keyword, startFrom: integer(spec.get("startfrom")) };
    }
    default:
      return { type: "unknown" };
  }
}

function readFind(type: string, spec: ReadonlyMap<string, Reply>): KeyFind {
  const step = Math.max(1, integer(spec.get("keystep")));
  switch (type) {
    case "range":
      return {
        type,
        step,
        last: integer(spec.get("lastkey")),
        limit: integer(spec.get("limit")),
      };
    case "keynum":
      return {
        type,
        step,
        countAt: integer(spec.get("keynumidx")),
        first: integer(spec.get("firstkey")),
      };
    default:
      return { type: "unknown" };
  }
}

/** Returns the fields of a map. RESP2 sends it as an array of names and values in turn. */
function fields(reply: Reply | undefined): ReadonlyMap<string, Reply> {
  const found = new Map<string, Reply>();
  if (reply instanceof Map) {
    for (const [name, value] of reply) found.set(text(name), value);
  } else {
    const flat = list(reply);
    for (let at = 0; at + 1 < flat.length; at += 2) found.set(text(flat[at]), flat[at + 1]!);
  }
  return found;
}

function list(reply: Reply | undefined): readonly Reply[] {
  if (Array.isArray(reply)) return reply;
  return reply instanceof Set ? [...reply] : [];
}

function words(reply: Reply | undefined, prefix: string): ReadonlySet<string> {
  const cut = (word: string) => word.startsWith(prefix) ? word.slice(prefix.length) : word;
  return new Set(list(reply).map((word) => cut(text(word).toLowerCase())));
}

function text(reply: Reply | undefined): string {
  if (typeof reply === "string") return reply;
  return reply instanceof Uint8Array ? String.fromCharCode(...reply) : "";
}

function integer(reply: Reply | undefined): number {
  const number = typeof reply === "number" || typeof reply === "bigint" ? Number(reply) : 0;
  return Number.isSafeInteger(number) ? number : 0;
}
