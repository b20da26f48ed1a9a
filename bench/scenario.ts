// The interface of scenarios. One scenario gives one or a few rows of the results.
import type { Field } from "./field.ts";
import type { Row } from "./measure.ts";
import type { Cost } from "./targets.ts";

export interface Context {
  readonly field: Field;
  /** The counted seconds of each run. */
  readonly seconds: number;
  readonly repetitions: number;
  readonly isFull: boolean;
}

export interface Findings {
  readonly rows?: readonly Row[];
  readonly costs?: readonly Cost[];
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Whether it is part of the short form. */
  readonly short: boolean;
  measure(context: Context): Promise<Findings>;
}
