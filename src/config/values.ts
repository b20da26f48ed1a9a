/**
 * How the text of a setting becomes its value: one function for each kind, which says what it wants
 * when the text is wrong.
 *
 * @module
 */

/** A kind of value: `parse` returns undefined for what is not `wanted`. */
export interface Kind<T> {
  /** Stands for the value in the help, as in `--port <number>`. */
  readonly placeholder: string;
  /** What is wanted, to end the sentence "Cannot use ...: wanted". */
  readonly wanted: string;
  parse(text: string): T | undefined;
  /** What is wanted instead of this very text, where that says more than `wanted`. */
  wantedFor?(text: string): string;
}

/** A whole number between two bounds, both allowed. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Kind<number> {
  const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    placeholder: "<number>",
    wanted: `a whole number ${bounds}`,
    parse: (text) => {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A duration in seconds, fractions allowed; the value is in milliseconds, and fits a timer's 31 bits. */
export function seconds(min: number, max = 2_000_000): Kind<number> {
  return {
    placeholder: "<seconds>",
    wanted: `a number of seconds from ${min} to ${max}`,
    parse: (text) => {
      const value = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value * 1000 : undefined;
    },
  };
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A number of bytes, with a unit of 1024 bytes, as in redis.conf: `64mb`. */
export function bytes(min: number): Kind<number> {
  return {
    placeholder: "<bytes>",
    wanted: `a number of bytes such as 1000000, 512kb, 64mb or 2gb, at least ${min}`,
    parse: (text) => {
      const parts = /^(\d{1,15})(?:([kmg])(?:i?b)?|b)?$/i.exec(text);
      if (parts === null) return undefined;
      const value = Number(parts[1]) * UNITS[(parts[2] ?? "").toLowerCase()]!;
      return value >= min && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
    },
  };
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  return {
    placeholder: `<${words.join("|")}>`,
    wanted: `one of ${words.join(", ")}`,
    parse: (text) => words.find((word) => word === text),
  };
}

/** A host name or an address. */
export const host: Kind<string> = {
  placeholder: "<host>",
  wanted: "a host name or an IP address",
  parse: (text) => /^[^\s/@?#[\]]+$/.test(text) ? text : undefined,
};

/** Any text that is not empty. */
export const text: Kind<string> = {
  placeholder: "<text>",
  wanted: "a text that is not empty",
  parse: (text) => text === "" ? undefined : text,
};

/** The path of a file. */
export const file: Kind<string> = {
  placeholder: "<file>",
  wanted: "the path of a file",
  parse: (text) => text === "" ? undefined : text,
};

/** A media type, parameters included. */
export const mediaType: Kind<string> = {
  placeholder: "<type>",
  wanted: "a media type such as text/plain; charset=utf-8",
  parse: (text) =>
    /^[\w.+-]+\/[\w.+-]+( *; *[\w.-]+=("[\w .,:/+-]*"|[\w.+-]+))*$/.test(text) ? text : undefined,
};

/** Host names or addresses, without ports, in lower case. */
export const hosts: Kind<readonly string[]> = {
  placeholder: "<hosts>",
  wanted: "host names or IP addresses with commas between them, without ports",
  parse: (text) => listOf(text, /^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/),
};

/** Origins of pages, in lower case; or `*` for all of them. */
export const origins: Kind<readonly string[]> = {
  placeholder: "<origins>",
  wanted: "* or origins such as https://example.com:8443 with commas between them",
  parse: (text) => text === "*" ? ["*"] : listOf(text, /^(https?:\/\/[^\s/?#@*]+|null)$/),
};

function listOf(text: string, pattern: RegExp): string[] | undefined {
  const items = text.toLowerCase().split(",").map((item) => item.trim());
  return items.every((item) => pattern.test(item)) ? items : undefined;
}
