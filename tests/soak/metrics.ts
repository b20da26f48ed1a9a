/**
 * Watches the metrics of a proxy: which of them change during a fault, and which do without one.
 *
 * @module
 */

/** Values by the name of the series, without the prefix. */
export type Scrape = ReadonlyMap<string, number>;

/** Time between two scrapes, in milliseconds. */
const EVERY = 250;

const PREFIX = /^redis_proxy_/;

/**
 * Reads the text format. For each bucket of a histogram, it adds the number of values over its bound,
 * as `duration_seconds over 0.1`.
 */
export function parse(text: string): Scrape {
  const found = new Map<string, number>();
  const buckets: { name: string; le: string; count: number; of: string }[] = [];
  for (const line of text.split("\n")) {
    const parts = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (parts === null) continue;
    const name = parts[1]!.replace(PREFIX, "");
    const labels = parts[2] ?? "";
    const value = Number(parts[3]!.replace("Inf", "Infinity"));
    const le = /,?le="([^"]*)"/.exec(labels);
    if (le === null) {
      found.set(seriesOf(name, labels), value);
      continue;
    }
    const rest = labels.replace(le[0], "");
    const base = name.replace(/_bucket$/, "");
    buckets.push({
      name: seriesOf(base, rest),
      le: le[1]!,
      count: value,
      of: seriesOf(`${base}_count`, rest),
    });
  }
  for (const { name, le, count, of } of buckets) {
    if (le !== "+Inf") found.set(`${name} over ${le}`, found.get(of)! - count);
  }
  return found;
}

function seriesOf(name: string, labels: string): string {
  return labels === "" ? name : `${name}{${labels}}`;
}

/** Whether a series is one of a metric. A metric without labels has all its series. */
function isOf(series: string, metric: string): boolean {
  return series === metric || series.startsWith(`${metric}{`);
}

/** Reads the metrics now. */
export async function scrape(port: number): Promise<Scrape> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  return parse(await answer.text());
}

export class Watch {
  #first: Scrape | null = null;
  readonly #moved = new Set<string>();
  #isOver = false;
  /** Settles after the first scrape. */
  readonly begun: Promise<void>;
  readonly #done: Promise<void>;

  /** @param port The port of the proxy's admin pages. */
  constructor(readonly port: number) {
    this.begun = this.#look();
    this.#done = this.#run();
    this.#done.catch(() => {}); // `end` throws it.
  }

  /** Ends it; returns those of the metrics that have changed. */
  async end(metrics: Iterable<string>): Promise<string[]> {
    this.#isOver = true;
    await this.#done;
    const moved = [...this.#moved];
    return [...metrics].filter((metric) => moved.some((series) => isOf(series, metric)));
  }

  async #run(): Promise<void> {
    await this.begun;
    for (;;) {
      const isLast = this.#isOver;
      await this.#look();
      if (isLast) return;
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
  }

  async #look(): Promise<void> {
    const now = await scrape(this.port);
    const first = this.#first ??= now;
    for (const name of new Set([...now.keys(), ...first.keys()])) {
      if (now.get(name) !== first.get(name)) this.#moved.add(name);
    }
  }
}
