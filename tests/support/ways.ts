/**
 * The ways in which changes in Redis can reach the proxy: each tracking mode with each server that is
 * here. Tests of coherence run over all of them.
 *
 * @module
 */
import { serverPrograms } from "../../tools/newer_servers.ts";

export interface Way {
  /** As a part of a test's name: "inline, redis-server 7.0.15". */
  readonly name: string;
  readonly mode: "inline" | "redirect";
  /** The path of the server. */
  readonly program: string;
  /** Arguments of the proxy. */
  readonly args: readonly string[];
}

/** The newer servers are tried with the executable only: a run from the sources takes long enough. */
const PROGRAMS = serverPrograms().slice(0, Deno.env.has("RP_TEST_COMMAND") ? 1 : undefined);

export const WAYS: readonly Way[] = PROGRAMS.flatMap(({ name, path }) =>
  (["inline", "redirect"] as const).map((mode) => ({
    name: `${mode}, ${name}`,
    mode,
    program: path,
    args: ["--tracking-mode", mode],
  }))
);

/** Those with the redis-server on PATH. */
export const PATH_WAYS = WAYS.filter(({ program }) => program === "redis-server");
