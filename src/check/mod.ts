/**
 * `redis-proxy check`: looks for everything that can be wrong with a configuration, from the
 * settings to the reply that a client gets, and says how to put it right. It changes nothing.
 *
 * @module
 */
import { fittedDefaults } from "../app/memory_fit.ts";
import type { Config } from "../config/mod.ts";
import { Asking } from "./asking.ts";
import { checkClient } from "./client.ts";
import { error, type Finding, hasError, refusal } from "./finding.ts";
import { logIn } from "./login.ts";
import { checkMachine, limitsOf } from "./machine.ts";
import { checkNames } from "./names.ts";
import { place } from "./place.ts";
import { checkPorts } from "./ports.ts";
import { reach } from "./reach.ts";
import { reportJson, reportText } from "./report.ts";
import { checkRights } from "./rights.ts";
import { checkServer } from "./server.ts";
import { checkSettings } from "./settings.ts";

export { tryFiles } from "./files.ts";

/** The output of the check, and whether the proxy can serve. */
export interface Report {
  readonly text: string;
  readonly isWell: boolean;
}

/**
 * Checks a configuration.
 *
 * @param memory Bytes that the process may have; null for no limit.
 * @param files The findings of `tryFiles`.
 */
export async function check(
  config: Config,
  memory: number | null,
  files: readonly Finding[],
): Promise<Report> {
  const values = { ...config.values, ...fittedDefaults(config, memory) };
  const here = [
    ...checkSettings({ ...config, values }),
    ...checkMachine(config, limitsOf(memory)),
  ];
  const ports = await checkPorts(config, new Date());
  const redis = await checkRedis(config);
  // The client connects to a port of its own, so the configured ones may be taken.
  const client = hasError([...here, ...redis]) ? [] : await checkClient(config);
  return reportOf([...here, ...files, ...ports, ...redis, ...client], config.isJson);
}

/** The report on a configuration that cannot be used at all. */
export function refusalReport(message: string, isJson: boolean): Report {
  return reportOf([refusal("settings", new Error(message))], isJson);
}

function reportOf(findings: readonly Finding[], isJson: boolean): Report {
  const text = isJson ? reportJson(findings) : reportText(findings);
  return { text, isWell: !hasError(findings) };
}

/** Checks Redis step by step. The steps after the first error cannot be checked. */
async function checkRedis(asked: Config): Promise<readonly Finding[]> {
  const placed = await place(asked);
  const { config } = placed;
  if (config === null) return placed.findings;
  const { findings: reached, connection } = await reach(config);
  const findings = [...placed.findings, ...reached];
  if (connection === null) return findings;
  const redis = new Asking(connection, config.values["redis-timeout"]);
  const all = [...findings];
  try {
    all.push(...await logIn(redis, config.origin));
    if (hasError(all)) return all;
    all.push(...await checkServer(redis, config));
    if (hasError(all)) return all;
    all.push(...await checkRights(redis, config), ...await checkNames(redis, config));
  } catch (failure) {
    const found = `Redis stopped answering: ${(failure as Error).message}`;
    all.push(error("Redis", found, "Look at the log of Redis"));
  } finally {
    connection.close("the check is over");
  }
  return all;
}
