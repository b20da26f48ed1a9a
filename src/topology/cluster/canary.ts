/**
 * Keys to probe a node with: a node that the cluster has left behind still answers PING, but no
 * command with a key.
 *
 * @module
 */
import { slotOf, SLOTS } from "../../core/slot.ts";
import type { Key } from "../../core/types.ts";

const PREFIX = "redis-proxy:canary:";

/** A key of each slot that was asked for. */
const known = new Map<number, Key>();
let tried = 0;

/** A key in one of these slots that nobody uses; null if there is no slot. */
export function canaryOf(owned: Uint8Array): Key | null {
  const slot = owned.indexOf(1);
  if (slot < 0) return null;
  for (let key = known.get(slot);; key = `${PREFIX}${tried++}`) {
    if (key === undefined) continue;
    const found = slotOf(key);
    if (!known.has(found)) known.set(found, key);
    if (found === slot || known.size === SLOTS) return known.get(slot)!;
  }
}
