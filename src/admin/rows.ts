/**
 * Metrics as rows of a table: a name, a description, and where the figure comes from.
 *
 * @module
 */
import type { Facts } from "../core/facts.ts";
import type { Metric, Sample } from "./exposition.ts";

type Figure = (facts: Facts) => number | readonly Sample[];
export type Row = readonly [name: string, help: string, figure: Figure];

/** Returns the metric of a row. */
export function metric(type: Metric["type"], [name, help, figure]: Row, facts: Facts): Metric {
  const found = figure(facts);
  return {
    name: `redis_proxy_${name}${type === "counter" ? "_total" : ""}`,
    type,
    help,
    samples: typeof found === "number" ? [{ value: found }] : found,
  };
}

/** A sample for each state: 1 for the current one, 0 for the others. */
export function oneOf(
  states: readonly string[],
  present: string,
  label = "state",
): readonly Sample[] {
  return states.map((state) => ({ labels: { [label]: state }, value: Number(state === present) }));
}

/** Seconds; none is infinite. */
export function ageOf(age: number): number {
  return age < 0 ? Infinity : age / 1000;
}
