/**
 * The filters of CLIENT KILL, applied to lines of CLIENT LIST: to those of Redis and to those of
 * the proxy's clients.
 *
 * Source: https://redis.io/docs/latest/commands/client-kill/
 *
 * @module
 */

/** The kinds of clients that TYPE names. */
const TYPES = ["normal", "master", "replica", "slave", "pubsub"];

/** The clients that CLIENT KILL should end. */
export interface ClientFilter {
  /** Wanted values of fields in CLIENT LIST, by the field. */
  readonly fields: ReadonlyMap<string, string>;
  /** The wanted type; null for any. */
  readonly type: string | null;
  /** The minimum age of the connection, in seconds. */
  readonly leastAge: number;
  /** Whether the client that asks is spared. */
  readonly skipsMe: boolean;
  /** Whether it has the old form, an address alone. */
  readonly isOld: boolean;
}

/**
 * Reads the words after CLIENT KILL; null if Redis refuses them, or only Redis understands them.
 */
export function filterOf(words: readonly string[]): ClientFilter | null {
  const [first = ""] = words;
  const plain = { type: null, leastAge: 0 };
  if (words.length === 1) {
    return { ...plain, fields: new Map([["addr", first]]), skipsMe: false, isOld: true };
  }
  if (words.length === 0 || words.length % 2 !== 0) return null;
  const fields = new Map<string, string>();
  let [type, leastAge, skipsMe]: [string | null, number, boolean] = [null, 0, true];
  for (let at = 0; at < words.length; at += 2) {
    const [option, value] = [words[at]!.toLowerCase(), words[at + 1]!];
    const word = value.toLowerCase();
    if (option === "skipme" && /^(yes|no)$/.test(word)) skipsMe = word === "yes";
    else if (option === "type" && TYPES.includes(word)) type = word;
    else if (option === "maxage" && isNumber(value)) leastAge = Number(value);
    else if (option === "id" && isNumber(value)) fields.set("id", value);
    else if (/^(addr|laddr|user)$/.test(option)) fields.set(option, value);
    else return null;
  }
  return { fields, type, leastAge, skipsMe, isOld: false };
}

function isNumber(text: string): boolean {
  return /^[1-9]\d{0,17}$/.test(text);
}

/** Whether a filter is about one client, which it names by id or address. */
export function namesOne({ fields }: ClientFilter): boolean {
  return fields.has("id") || fields.has("addr");
}

/** Whether a filter matches the client of this line. */
export function takesIn({ fields, type, leastAge }: ClientFilter, line: string): boolean {
  for (const [field, value] of fields) if (fieldOf(line, field) !== value) return false;
  if (type !== null && typeOf(line) !== type.replace("slave", "replica")) return false;
  return Number(fieldOf(line, "age")) >= leastAge;
}

/** The value of a field in a line of CLIENT LIST. */
export function fieldOf(line: string, name: string): string {
  return new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? "";
}

function typeOf(line: string): string {
  const flags = fieldOf(line, "flags");
  if (flags.includes("S")) return "replica";
  if (flags.includes("M")) return "master";
  return flags.includes("P") ? "pubsub" : "normal";
}
