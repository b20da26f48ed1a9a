/**
 * The script that reads keys inside Redis, and what the server allows of it.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { isReply } from "./client.ts";

/** Largest value that is read in the first step, in bytes: many such steps may be under way. */
const FIRST_STEP_BYTES = 256 * 1024;

/** Values that one run answers with, in bytes; those for which there is no room count as large. */
const RUN_BYTES = 1024 * 1024;

/**
 * The script: of each key its value, with how long Redis keeps it where that is not for ever; or its
 * length and that, or an error. PTTL says -1 for a key without an end, and errors that `pcall`
 * caught read as Redis' own. The answer is an array, of one key its only element.
 */
export function scriptOf(isTimed: boolean): string {
  return `local room = ${RUN_BYTES}
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

const FORBIDDEN = /can't run|permissions to run|unknown command|not supported|disabled/i;

/** Loads a script; null where scripts are not allowed. Rejects only when the connection is lost. */
export async function loadScript(redis: Redis, script: string) {
  let sha: string;
  try {
    sha = await redis.call("SCRIPT", "LOAD", script) as string;
  } catch (error) {
    if (!isReply(error)) throw error;
    return null;
  }
  for (const command of ["EVALSHA_RO", "EVALSHA"]) {
    // Without a key it reads nothing.
    if (await isAllowed(redis, command, sha, "0")) return { command, sha };
  }
  return null;
}

/** Whether a command may be used; that it may not be used for this key says nothing. */
export async function isAllowed(
  redis: Redis,
  command: string,
  ...args: string[]
): Promise<boolean> {
  try {
    await redis.call(command, ...args);
    return true;
  } catch (error) {
    if (!isReply(error)) throw error;
    return !FORBIDDEN.test(error.message);
  }
}
