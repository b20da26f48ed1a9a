/**
 * The text format of Prometheus, version 0.0.4.
 * Source: prometheus.io/docs/instrumenting/exposition_formats.
 *
 * @module
 */

/** The media type of the format. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** One value, with the labels that distinguish it from others of the same metric. */
export interface Sample {
  /** In a histogram, the suffix of the name, such as `_sum`. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** In base units; the name of a counter ends in `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Returns the text of metrics. */
export function expose(metrics: readonly Metric[]): string {
  return metrics.map(({ name, type, help, samples }) =>
    `# HELP ${name} ${escape(help)}\n# TYPE ${name} ${type}\n` +
    samples.map((sample) =>
      `${name}${sample.suffix ?? ""}${labelsOf(sample)} ${numberOf(sample.value)}\n`
    ).join("")
  ).join("");
}

function labelsOf({ labels = {} }: Sample): string {
  const all = Object.entries(labels).map(([name, value]) =>
    `${name}="${escape(value).replaceAll('"', '\\"')}"`
  );
  return all.length === 0 ? "" : `{${all.join(",")}}`;
}

function escape(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** A number as Go's ParseFloat reads it. */
function numberOf(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
