/**
 * The script that reads keys inside Redis, and what the server allows of it.
 *
 * @module
 */
import type { Key } from "../core/types.ts";
import type { CommandWay } from "./command_reader.ts";
import type { Handshake } from "./handshake.ts";
import { Declined, isForbidden } from "./refusal.ts";

/** Largest value that is read in the first step, in bytes: many such steps may be under way. */
export const FIRST_STEP_BYTES = 256 * 1024;

/** Values that one run answers with at most, in bytes. */
export const RUN_BYTES = 1024 * 1024;

/**
 * The script. Its argument is the room for values in bytes: those for which there is none count as
 * large. It answers with an array, or for a single key with its only element: of each key its
 * value, with how long Redis keeps it where that is not for ever; or its length and that; or an
 * error. PTTL says -1 for a key without an end, and errors that `pcall` caught read as Redis' own.
 */
export function scriptOf(isTimed: boolean): string {
  return `local room = tonumber(ARGV[1])
local function read(key)
  local n = redis.pcall('STRLEN', key)
  if type(n) == 'table' then return n end
  local t = ${isTimed ? "redis.call('PTTL', key)" : "-1"}
  if n > ${FIRST_STEP_BYTES} or n > room then return {n, t} end
  room = room - n
  local v = redis.call('GET', key)
  if t < 0 then return v end
  return {v, t}
end
if #KEYS == 1 then return read(KEYS[1]) end
local found = {}
for i = 1, #KEYS do found[i] = read(KEYS[i]) end
return found`;
}

/** How the script is run. */
export interface ScriptMethod {
  readonly kind: "script";
  readonly script: string;
  readonly command: string;
  readonly sha: string;
}

/** How keys are read: by the script, or by commands for each. */
export type ReadMethod = ScriptMethod | { readonly kind: CommandWay };

/**
 * Finds out which way the server allows.
 *
 * @param isTimed Whether it matters how long Redis keeps a value.
 * @param key A key that nobody has.
 */
export async function chooseMethod(
  handshake: Handshake,
  isTimed: boolean,
  key: Key,
): Promise<ReadMethod> {
  const [mayMeasure, mayTime] = await Promise.all([
    isAllowed(handshake, "STRLEN", key),
    isTimed && isAllowed(handshake, "PTTL", key),
  ]);
  const loaded = mayMeasure && mayTime === isTimed
    ? await load(handshake, scriptOf(isTimed))
    : null;
  if (loaded !== null) return loaded;
  if (!mayTime) return { kind: "plain" };
  return { kind: await isAllowed(handshake, "GETRANGE", key, "0", "0") ? "range" : "pair" };
}

/** Loads the script; null where scripts are not allowed. */
async function load(handshake: Handshake, script: string): Promise<ScriptMethod | null> {
  let sha: string;
  try {
    sha = String(await handshake.may("SCRIPT", "LOAD", script));
  } catch (error) {
    if (error instanceof Declined) return null;
    throw error;
  }
  for (const command of ["EVALSHA_RO", "EVALSHA"]) {
    // Without a key it reads nothing.
    if (await isAllowed(handshake, command, sha, "0")) {
      return { kind: "script", script, command, sha };
    }
  }
  return null;
}

/** Whether a command may be used; that it may not be used for this key says nothing. */
async function isAllowed(handshake: Handshake, command: string, ...args: string[]) {
  try {
    await handshake.may(command, ...args);
    return true;
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    return !isForbidden(error.reply);
  }
}
