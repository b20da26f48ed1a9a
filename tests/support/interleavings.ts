/**
 * Every possible order of writes, reads, a flush, a lost pair, and their messages on the
 * connections. Each rule is necessary in at least one order.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { World, type WorldOptions } from "./coherence_world.ts";
import * as mutants from "./mutants.ts";

type Operation = "write" | "read" | "forced" | "flush" | "loss";
type Step = Operation | "execute" | "reply" | "message";

const CLIENT = 1;

function take(world: World, step: Step): void {
  world.now++;
  switch (step) {
    case "write":
      return world.write("k");
    case "read":
      return world.read(CLIENT, "k");
    case "forced":
      return world.read(CLIENT, "k", true);
    case "flush":
      return world.flushAll();
    case "loss":
      return world.replacePair();
    case "execute":
      return world.execute();
    case "reply":
      return world.reply();
    case "message":
      return world.message();
  }
}

interface Result {
  /** The numbers of different states, and of paths to the end. */
  states: number;
  ends: number;
  answers: number;
  /** The first violation, with the steps that led to it. */
  violation: string | null;
}

/** Tries all orders, but continues from each state only once. */
function explore(operations: readonly Operation[], options: WorldOptions): Result {
  const visited = new Set<string>();
  const result: Result = { states: 0, ends: 0, answers: 0, violation: null };
  const visit = (path: Step[], left: readonly Operation[]): void => {
    const world = new World({ isPipelined: true, ...options });
    for (const step of path) take(world, step);
    if (world.violations.length > 0) {
      result.violation ??= `${path.join(" ")}: ${world.violations[0]}`;
    }
    const state = `${left} ${world.fingerprint()}`;
    if (result.violation !== null || visited.has(state)) return;
    visited.add(state);
    result.states++;
    const next: Step[] = [...new Set(left)];
    if (world.requests > 0) next.push("execute");
    if (world.replies > 0) next.push("reply");
    if (world.messages > 0) next.push("message");
    if (next.length === 0) {
      result.ends++;
      result.answers += world.answers;
      world.settle();
      if (world.violations.length > 0) {
        result.violation = `${path.join(" ")}, in the end: ${world.violations[0]}`;
        return;
      }
    }
    for (const step of next) {
      const at = left.indexOf(step as Operation);
      visit([...path, step], at < 0 ? left : left.toSpliced(at, 1));
    }
  };
  visit([], operations);
  return result;
}

const SCENARIOS: Readonly<Record<string, readonly Operation[]>> = {
  "2 writes, 3 reads": ["write", "write", "read", "read", "read"],
  "2 writes, 3 reads, a flush, a lost pair": [
    ...["write", "write", "read", "read", "read", "flush", "loss"] as const,
  ],
  "2 writes, 2 reads, a forced read, a flush": [
    ...["write", "write", "read", "read", "forced", "flush"] as const,
  ],
};

const MUTANTS: Readonly<Record<string, WorldOptions>> = {
  "identity": { table: mutants.NoIdentity },
  "detach": { table: mutants.NoDetach },
  "detach, doomed only": { table: mutants.DoomOnly },
  "detach by a flush": { table: mutants.NoDetachByFlush },
  "bypass by a forced read": { table: mutants.NoBypass },
  "epoch": { table: mutants.NoEpoch },
  "generation": { channel: mutants.NoGeneration },
};

/** In line, no announcement overtakes the answer before it. */
const ONLY_BY_REDIRECT = ["detach", "detach, doomed only", "detach by a flush"];

/** Defines the tests for one way in which changes reach the proxy. */
export function testInterleavings(way: "inline" | "redirect"): void {
  for (const [name, operations] of Object.entries(SCENARIOS)) {
    Deno.test(`Table answers no wrong value in any order of ${name}: ${way}`, () => {
      const result = explore(operations, { way });
      assertEquals(result.violation, null);
      assert(result.ends > 1 && result.answers > 0, JSON.stringify(result));
    });
  }
  for (const [rule, options] of Object.entries(MUTANTS)) {
    if (way === "inline" && ONLY_BY_REDIRECT.includes(rule)) continue;
    Deno.test(`Interleavings find a wrong value without the rule: ${rule}: ${way}`, () => {
      const isFound = Object.values(SCENARIOS).some((one) =>
        explore(one, { ...options, way }).violation !== null
      );
      assert(isFound, `No order shows that "${rule}" is needed`);
    });
  }
}
