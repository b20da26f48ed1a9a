/**
 * The log: one event a line on standard error, as text for people or JSON for machines.
 *
 * @module
 */

import { LOG_BOUND, type LogBound, LogLimit } from "./log_limit.ts";

/** How much is logged: each level includes those before it. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

/** What belongs to an event, by name. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

export class Log {
  readonly #threshold: number;
  readonly #limit: LogLimit;

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

  error(event: string, fields: LogFields = {}): void {
    this.#line("error", event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#line("warn", event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#line("info", event, fields);
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#line("debug", event, fields);
  }

  /** Reports the lines that were left out so far. */
  flush(): void {
    this.#limit.flush();
  }

  /** Whoever asks for debug lines wants all of them. */
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

/** A log that nobody reads any more, such as a pipe whose other end has gone, is no reason to end. */
function toStandardError(line: string): void {
  try {
    console.error(line);
  } catch {
    // There is no other place to say so.
  }
}

/** A value as it is, or in JSON's quotes where blanks or control characters would hide its end. */
function quoted(value: string | number | boolean): string {
  const text = String(value);
  return /^[\x21\x23-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}
