/**
 * The common parts of the drivers. Each driver does a package's real work against the server on one
 * port, and prints one line for each observation. Lines contain nothing that differs between two
 * runs, so a run through the proxy must print the same as a run against Redis.
 *
 * npm packages run under Deno. Only the tests use them: they are imported by names that are made
 * here, and locked in their own file, so the rest of the project does not depend on them.
 *
 * @module
 */

/** Imports a package of npm, as in `redis@6.3.1`. */
// deno-lint-ignore no-explicit-any
export function load(specifier: string): Promise<any> {
  return import(`npm:${specifier}`);
}

/** The server to do the work against. */
export const PLACE = { host: "127.0.0.1", port: Number(Deno.args[0]) };

export const URL = `redis://${PLACE.host}:${PLACE.port}`;

/** Prints a line: the subject, and the observation. */
export function say(what: string, seen: unknown): void {
  const text = seen instanceof Error ? `${seen.name}: ${seen.message}` : seen;
  console.log(`${what}: ${JSON.stringify(text, (_, value) => value === undefined ? null : value)}`);
}

/** Resolves once a condition holds; rejects if it does not hold in time. */
export async function until(
  what: string,
  holds: () => unknown | Promise<unknown>,
  limit = 10_000,
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Resolves to the first event of a name. */
export function event<T>(
  // deno-lint-ignore no-explicit-any
  emitter: { once(name: string, done: (value: any) => void): unknown },
  name: string,
): Promise<T> {
  return new Promise((resolve) => emitter.once(name, resolve));
}

/** Does the work, and ends the process: packages leave connections and timers open. */
export async function run(work: () => Promise<void>): Promise<never> {
  let code = 0;
  try {
    await work();
    say("done", true);
  } catch (error) {
    console.error(error);
    code = 1;
  }
  Deno.exit(code);
}
