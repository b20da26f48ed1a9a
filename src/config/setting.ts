/**
 * One setting: its kind, its default and its purpose.
 *
 * @module
 */
import type { Kind } from "./kind.ts";

/** One setting. Its variable is `RP_` and its flag in capitals. */
export interface Setting<T> {
  /** How its text becomes a value. */
  readonly kind: Kind<T>;
  /** The default, as a person would type it; null for none. */
  readonly fallback: string | null;
  /** Its purpose, in one line. */
  readonly help: string;
  /** Whether its value must never be shown. */
  readonly secret?: boolean;
  /** Whether it has no flag, because everybody on the machine can read a command line. */
  readonly variableOnly?: boolean;
}

/** A setting with a default. */
export function setting<T>(
  kind: Kind<T>,
  fallback: string,
  help: string,
): Setting<T> & { fallback: string } {
  return { kind, fallback, help };
}

/** A setting without a default. */
export function optional<T>(
  kind: Kind<T>,
  help: string,
  secret = false,
): Setting<T> & { fallback: null } {
  return { kind, fallback: null, help, secret };
}

/** A secret that has a variable and no flag. */
export function variable<T>(kind: Kind<T>, help: string): Setting<T> & { fallback: null } {
  return { kind, fallback: null, help, secret: true, variableOnly: true };
}
