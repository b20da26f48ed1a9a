/**
 * Runs `redis-proxy check`, and compares what it finds.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Finding } from "../../src/check/finding.ts";
import { ProxyProcess } from "./proxy.ts";

export interface Checked {
  readonly findings: readonly Finding[];
  readonly status: number;
}

/** Runs the check with these flags on free ports of loopback. */
export async function check(
  args: readonly string[],
  { env = {}, limits = "" }: { env?: Record<string, string>; limits?: string } = {},
): Promise<Checked> {
  const place = args.some((one) => one.startsWith("--listen-address"))
    ? []
    : ["--listen-address", "127.0.0.1"];
  const port = args.includes("--port") ? [] : ["--port", "0"];
  await using process = new ProxyProcess(
    ["check", "--json", ...place, ...port, ...args],
    env,
    limits,
  );
  const { code } = await process.status;
  try {
    const { findings, errors } = JSON.parse(process.stdout);
    assertEquals(code === 0, errors === 0, process.stdout);
    return { findings, status: code };
  } catch (error) {
    throw new Error(`status ${code}: ${process.stdout}${process.stderr}`, { cause: error });
  }
}

/** Checks that there is such a finding, with a line that fixes it. */
export function assertFound(
  { findings }: Checked,
  [level, about, found, fix]: readonly [string, string, RegExp, RegExp],
): void {
  const one = findings.find((one) =>
    one.level === level && one.about === about && found.test(one.found)
  );
  const all = JSON.stringify(findings.filter(({ level }) => level !== "ok"), null, 1);
  assert(one !== undefined, `Cannot find "${found}" among ${all}`);
  assertMatch(one?.fix ?? "", fix);
}
