/**
 * Commands for a cluster: all keys of each have one slot. Left out are those that a cluster answers
 * in another way than one Redis.
 *
 * @module
 */
import { ALL_KEYS, type Command } from "./generator.ts";

const KEYS = new Set([...ALL_KEYS, "queue"]);

/** Commands about all keys, databases and nodes, and scripts that name no keys. */
const OTHER = /^(keys|dbsize|scan|select|swapdb|flushdb|move|readonly|wait|latency|eval 0)$/;

/** Returns a command with a tag in all its keys; null if a cluster answers it in another way. */
export function inSlot(command: Command, tag: string): Command | null {
  const [name = "", , keys] = command.map((word) => word.toLowerCase());
  const isOther = OTHER.test(name === "eval" ? `eval ${keys}` : name);
  const hasPattern = name === "sort" && command.some((word) => word.includes("*"));
  // A node looks for the slot before it counts words.
  const isOdd = name === "mset" && command.length % 2 === 0;
  if (isOther || hasPattern || isOdd) return null;
  return command.map((word, at) => at > 0 && KEYS.has(word) ? `{${tag}}${word}` : word);
}
