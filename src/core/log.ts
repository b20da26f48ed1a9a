/**
 * The log: one event per line on standard error, as text for people or JSON for machines.
 *
 * @module
 */

import { LOG_BOUND, type LogBound, LogLimit } from "./log_limit.ts";

/** The levels, the most important first. Each one includes those before it. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
/** One of the levels. */
export type LogLevel = typeof LOG_LEVELS[number];

/** The formats: lines for people, or one JSON object per line. */
export const LOG_FORMATS = ["text", "json"] as const;
/** One of the formats. */
export type LogFormat = typeof LOG_FORMATS[number];

/** The details of an event, by name. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Writes events. Repeated events are limited, and the log says how many lines it left out. */
export class Log {
  readonly #threshold: number;
  readonly #limit: LogLimit;

  /**
   * Makes a log.
   *
   * @param level The least important level to write.
   * @param write Writes one line; default: to standard error.
   * @param bound How many lines of one event are written, and in which time.
   */
  constructor(
    level: LogLevel,
    readonly format: LogFormat,
    readonly write: (line: string) => void = toStandardError,
    bound: LogBound = LOG_BOUND,
  ) {
    this.#threshold = LOG_LEVELS.indexOf(level);
    this.#limit = new LogLimit(bound, (event, lines) => {
      this.#write("warn", "Left out repeated lines", { of: event, lines });
    });
  }

  /** Something failed and needs a person. */
  error(event: string, fields: LogFields = {}): void {
    this.#line("error", event, fields);
  }

  /** Something is wrong, and the proxy continues. */
  warn(event: string, fields: LogFields = {}): void {
    this.#line("warn", event, fields);
  }

  /** A change of state that operators want to see. */
  info(event: string, fields: LogFields = {}): void {
    this.#line("info", event, fields);
  }

  /** A detail for finding a fault. */
  debug(event: string, fields: LogFields = {}): void {
    this.#line("debug", event, fields);
  }

  /** Reports the lines that were left out so far. */
  flush(): void {
    this.#limit.flush();
  }

  /** Debug lines are not limited: users who want them want all. */
  #line(level: LogLevel, event: string, fields: LogFields): void {
    if (LOG_LEVELS.indexOf(level) > this.#threshold) return;
    if (level === "debug" || this.#limit.take(event)) this.#write(level, event, fields);
  }

  #write(level: LogLevel, event: string, fields: LogFields): void {
    const time = new Date().toISOString();
    if (this.format === "json") {
      this.write(JSON.stringify({ time, level, event, ...fields }));
    } else {
      const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${quoted(value)}`);
      this.write(`${time} ${level.padEnd(5)} ${event}${rest.join("")}`);
    }
  }
}

/** If nobody reads the log any more, as with a broken pipe, the proxy continues. */
function toStandardError(line: string): void {
  try {
    console.error(line);
  } catch {
    // There is no other place to report it.
  }
}

/** A value, in JSON's quotes if spaces or control characters would hide its end. */
function quoted(value: string | number | boolean): string {
  const text = String(value);
  return /^[\x21\x23-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}
