/**
 * A firewall on the bus of a cluster whose nodes are on loopback. It needs a network of its own.
 *
 * @module
 */
import { BUS, type ClusterServer } from "../../tools/cluster.ts";
import { administer } from "../support/own_network.ts";

/** The ports of all buses. */
const BUSES = "21000-31000";

const TABLE = ["inet", "bus"];

/** Cuts a node from all others. Clients reach it as before, and it reaches its replicas. */
export async function cutBus({ port, source }: ClusterServer): Promise<void> {
  const nft = (...words: string[]) => administer("nft", ...words);
  await nft("add", "table", ...TABLE);
  await nft("add", "chain", ...TABLE, "input", "{ type filter hook input priority 0; }");
  const own = `${port + BUS}`;
  for (
    const rule of [
      // Others connect to it, and it connects to others.
      `tcp dport ${own}`,
      `tcp sport ${own}`,
      `ip saddr ${source} tcp dport ${BUSES}`,
      `ip daddr ${source} tcp sport ${BUSES}`,
    ]
  ) await nft("add", "rule", ...TABLE, "input", ...rule.split(" "), "drop");
}

export async function healBus(): Promise<void> {
  await administer("nft", "delete", "table", ...TABLE);
}
