// What run.ts goes through: one scenario is one or a few lines of the result.
import type { Field } from "./field.ts";
import type { Row } from "./measure.ts";
import type { Cost } from "./targets.ts";

export interface Context {
  readonly field: Field;
  /** How long each run counts, in seconds. */
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
  /** Whether the short form has it. */
  readonly short: boolean;
  measure(context: Context): Promise<Findings>;
}
