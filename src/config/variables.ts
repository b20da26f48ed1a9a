/**
 * Looks for unknown environment variables that are meant for the program.
 *
 * @module
 */
import { ConfigError } from "./error.ts";
import { meant } from "./arguments.ts";
import { nearest } from "./nearest.ts";
import { FLAGS, variableOf } from "./settings.ts";

/** The environment, as far as the program may see it. */
export type Environment = Readonly<Record<string, string | undefined>>;

const KNOWN = FLAGS.map(variableOf);

/** Variables of this project's tools and tests. */
const TOOLS = /^RP_(SUPPLY|TOOLS_CACHE|DENO_COMPILE|TEST_\w+|GATE_\w+)$/;

/** Variables that Kubernetes and Docker make for a service whose name begins with "rp-". */
const SERVICE_NAME = /_(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP)(_(ADDR|PORT|PROTO))?)$/;
const SERVICE_ADDRESS = /^(tcp|udp):\/\//;

/**
 * Returns the environment.
 *
 * @throws {ConfigError} When the value of a setting is not text. Deno leaves it out of the list,
 * and a proxy without its password would be open.
 */
export function readEnvironment(env: Pick<Deno.Env, "get" | "toObject">): Environment {
  const all = env.toObject();
  for (const name of KNOWN) {
    if (name in all) continue;
    try {
      env.get(name);
    } catch {
      throw new ConfigError(`Cannot use the value of ${name}: wanted text in UTF-8`);
    }
  }
  return all;
}

/**
 * Checks that each `RP_` variable is a setting. An empty one counts as unset.
 *
 * @throws {ConfigError} When one is not. A misspelt setting would have no effect, and nobody would
 * notice.
 */
export function checkVariables(env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!/^RP_/i.test(name) || !value || KNOWN.includes(name) || TOOLS.test(name)) continue;
    if (SERVICE_NAME.test(name) || SERVICE_ADDRESS.test(value)) continue;
    const near = nearest(name.toUpperCase(), KNOWN);
    const wanted = near === undefined ? "wanted one that --help lists" : meant(near);
    throw new ConfigError(`Unknown variable ${name}: ${wanted}`);
  }
}
