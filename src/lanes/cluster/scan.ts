/**
 * The cursor of a SCAN over all masters: that of the present master, and the number of the master in
 * its last ten bits. 0 begins and ends, as in Redis.
 *
 * @module
 */
import type { RoutedNode } from "./router.ts";

const NODES = 1024n;

/** Where a scan goes on; null if the cursor is not a number. */
export function placeOfCursor(
  text: string,
  owners: readonly RoutedNode[],
): { readonly node: RoutedNode; readonly cursor: string } | null {
  if (!/^\d{1,20}$/.test(text)) return null;
  const cursor = BigInt(text);
  if (cursor === 0n) return { node: owners[0]!, cursor: "0" };
  const index = Number(cursor % NODES);
  const node = owners.find((one) => one.index % Number(NODES) === index);
  // Its master owns nothing any more: the next one follows.
  const next = owners.find((one) => one.index % Number(NODES) > index) ?? owners.at(-1)!;
  return node === undefined
    ? { node: next, cursor: "0" }
    : { node, cursor: String(cursor / NODES) };
}

/** The cursor after a reply of a master. */
export function nextCursor(
  replied: string,
  node: RoutedNode,
  owners: readonly RoutedNode[],
): string {
  if (replied !== "0") return String(BigInt(replied) * NODES + BigInt(node.index) % NODES);
  const next = owners[owners.findIndex((one) => one.index > node.index)];
  return next === undefined ? "0" : String(BigInt(next.index) % NODES);
}
