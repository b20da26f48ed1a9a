/**
 * Chooses how keys are read, by what the server allows.
 *
 * @module
 */
import type { Redis } from "ioredis";
import type { Key } from "../core/types.ts";
import { CommandReader } from "./command_reader.ts";
import type { Handshake } from "./handshake.ts";
import type { Reader } from "./reader.ts";
import { chooseMethod } from "./script.ts";
import { ScriptReader } from "./script_reader.ts";

/**
 * Returns a reader of the best kind that the server allows.
 *
 * @param isTimed Whether it matters how long Redis keeps a value.
 * @param key A key that nobody has.
 */
export async function chooseReader(
  redis: Redis,
  handshake: Handshake,
  isTimed: boolean,
  key: Key,
): Promise<Reader> {
  const method = await chooseMethod(handshake, isTimed, key);
  return method.kind === "script"
    ? new ScriptReader(redis, method, isTimed)
    : new CommandReader(redis, method.kind);
}
