/**
 * `redis-proxy check`: looks for everything that can be wrong with a configuration, from the
 * settings to the reply that a client gets, and says how to put it right. It changes nothing.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import { Asking } from "./asking.ts";
import { checkClient } from "./client.ts";
import { error, type Finding, hasError } from "./finding.ts";
import { logIn } from "./login.ts";
import { checkMachine, limitsOf } from "./machine.ts";
import { place } from "./place.ts";
import { checkPorts } from "./ports.ts";
import { reach } from "./reach.ts";
import { reportJson, reportText } from "./report.ts";
import { checkRights } from "./rights.ts";
import { checkServer } from "./server.ts";
import { checkSettings } from "./settings.ts";

/** The output of the check, and whether the proxy can serve. */
export interface Report {
  readonly text: string;
  readonly isWell: boolean;
}

/**
 * Checks a configuration.
 *
 * @param memory Bytes that the process may have; null for no limit.
 */
export async function check(config: Config, memory: number | null): Promise<Report> {
  const findings = [
    ...checkSettings(config),
    ...checkMachine(config, limitsOf(memory)),
    ...await checkPorts(config, new Date()),
    ...await checkRedis(config),
  ];
  if (!hasError(findings)) findings.push(...await checkClient(config));
  return reportOf(findings, config.isJson);
}

/** The report on a configuration that cannot be used at all. */
export function refusalReport(message: string, isJson: boolean): Report {
  const [found, wanted] = [message.replace(/: (wanted|did you mean) .*/s, ""), message];
  const fix = /: (?:wanted )?(.*)/s.exec(wanted)?.[1] ?? "redis-proxy --help";
  return reportOf([error("settings", found, fix)], isJson);
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
    all.push(...await checkRights(redis, config));
  } catch (failure) {
    const found = `Redis stopped answering: ${(failure as Error).message}`;
    all.push(error("Redis", found, "Look at the log of Redis"));
  } finally {
    connection.close("the check is over");
  }
  return all;
}
