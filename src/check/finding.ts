/**
 * The findings of the check.
 *
 * @module
 */

/** How bad a finding is: an error keeps the proxy from doing its work. */
export type Level = "ok" | "warning" | "error";

/** One finding. */
export interface Finding {
  /** The subject, such as `login`. */
  readonly about: string;
  readonly level: Level;
  /** The result, as a sentence without a full stop. */
  readonly found: string;
  /** The line that fixes it: a setting or a command; null if nothing is wrong. */
  readonly fix: string | null;
}

/** Nothing is wrong. */
export function ok(about: string, found: string): Finding {
  return { about, level: "ok", found, fix: null };
}

/** The proxy serves, but perhaps not as expected. */
export function warning(about: string, found: string, fix: string): Finding {
  return { about, level: "warning", found, fix };
}

/** The proxy cannot serve as configured. */
export function error(about: string, found: string, fix: string): Finding {
  return { about, level: "error", found, fix };
}

/** The proxy refuses to start, and says what it wants instead. */
export function refusal(about: string, { message }: Error): Finding {
  const [, what, wanted] = /^(.*?): ((?:wanted|did you mean) .*)$/s.exec(message) ??
    [, message, "redis-proxy --help"];
  const [, fix, why] = /^(.*?) \((.*)\)$/s.exec(wanted!) ?? [, wanted!];
  const found = why === undefined ? what! : `${what}: ${why}`;
  return error(about, found, fix!.replace(/^wanted /, ""));
}

/** Whether one of the findings is an error. */
export function hasError(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "error");
}
