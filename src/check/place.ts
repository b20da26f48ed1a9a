/**
 * Finds the Redis to check: the one that is named, the master that sentinels name, or a node of a
 * cluster.
 *
 * @module
 */
import { makeSentinels } from "../app/sentinels.ts";
import type { Config } from "../config/mod.ts";
import { Log } from "../core/log.ts";
import { error, type Finding, ok } from "./finding.ts";

/** The findings, and the configuration with the address; null if there is none. */
export interface Placed {
  readonly findings: readonly Finding[];
  readonly config: Config | null;
}

/** Finds the Redis of a configuration, or says why that fails. */
export async function place(config: Config): Promise<Placed> {
  const [seed] = config.cluster?.seeds ?? [];
  if (seed !== undefined) {
    const found = `Checked as a node of the cluster: ${seed.host}:${seed.port}`;
    const origin = { ...config.origin, ...seed };
    return { findings: [ok("cluster", found)], config: { ...config, origin } };
  }
  const sentinels = makeSentinels(config, new Log("error", "text", () => {}));
  if (sentinels === null) return { findings: [], config };
  try {
    sentinels.start();
    const origin = await sentinels.find();
    const { agreeing, count, master } = sentinels.facts;
    const found = `${agreeing} of ${count} sentinels name the master ${master}`;
    return { findings: [ok("sentinels", found)], config: { ...config, origin } };
  } catch (failure) {
    const { message, advice } = failure as Error & { readonly advice?: string };
    const fix = advice || "--redis-url redis+sentinel://name@host:26379,...";
    return { findings: [error("sentinels", message, fix)], config: null };
  } finally {
    sentinels.close();
  }
}
