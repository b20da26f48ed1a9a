/**
 * Kinds of settings that are numbers: plain ones, durations and sizes. A quantity is a number with
 * an optional fraction and a unit.
 *
 * @module
 */
import type { Kind } from "./kind.ts";

/** A whole number from a lower to an upper bound. */
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

/** Permissions of a file in octal, such as `770`. */
export const mode: Kind<number> = {
  placeholder: "<mode>",
  wanted: "permissions in octal, such as 700 or 770",
  parse: (text) => /^0?[0-7]{3}$/.test(text) ? parseInt(text, 8) : undefined,
};

/** Milliseconds in a unit of time; a number alone is in seconds. */
const TIMES: Units = { "": 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Longest time of a timer, which counts milliseconds in 31 bits, in whole days. */
const TIMER_DAYS = "24d";

/**
 * A duration, such as `250ms`, `30` or `30s`, `5m`, `1h` or `7d`; the value is in whole
 * milliseconds, at least 1 unless it is 0.
 *
 * @param min The shortest, as a person would write it.
 * @param max The longest, as a person would write it.
 */
export function duration(min: string, max = TIMER_DAYS): Kind<number> {
  const [least, most] = [quantityOf(min, TIMES)!, quantityOf(max, TIMES)!];
  return {
    placeholder: "<duration>",
    wanted: `a duration from ${min} to ${max}, such as 250ms, 30s, 5m or 1h`,
    parse: (text) => {
      const exact = quantityOf(text, TIMES) ?? NaN;
      const value = exact < 1 ? Math.ceil(exact) : Math.round(exact);
      return value >= least && value <= most ? value : undefined;
    },
  };
}

/** Bytes in a unit of memory: powers of 1024, as `kb`, `mb` and `gb` in redis.conf. */
const SIZES: Units = Object.fromEntries(
  ["", "k", "m", "g"].flatMap((prefix, index) =>
    (prefix === "" ? ["", "b"] : [prefix, `${prefix}b`, `${prefix}ib`]).map((unit) => [
      unit,
      1024 ** index,
    ])
  ),
);

/** A number of bytes, such as `1000000`, `512kb`, `64mb`, `64m` or `1.5gb`. */
export function bytes(min: number): Kind<number> {
  return {
    placeholder: "<bytes>",
    wanted: `a number of bytes of at least ${min}, such as 1000000, 512kb, 64mb or 2gb`,
    parse: (text) => {
      const value = Math.floor(quantityOf(text.toLowerCase(), SIZES) ?? NaN);
      return value >= min && value <= Number.MAX_SAFE_INTEGER ? value : undefined;
    },
  };
}

type Units = Readonly<Record<string, number>>;

function quantityOf(text: string, units: Units): number | undefined {
  const parts = /^(\d{1,16}(?:\.\d{0,9})?|\.\d{1,9})([a-z]*)$/.exec(text);
  const unit = parts === null ? undefined : units[parts[2]!];
  return unit === undefined ? undefined : Number(parts![1]) * unit;
}
