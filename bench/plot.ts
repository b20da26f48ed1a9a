// A plot of ratios: one bar each, on a scale of doublings, starting at the line where both are
// equal. The colours differ in grey too, and follow the light or dark theme of the page.
import type { Row } from "./measure.ts";
import { TARGETS } from "./targets.ts";
import type { Spread } from "./statistics.ts";

const WIDTH = 930;
const LABEL = 460;
const RIGHT = 70;
const BAR = 16;
const GAP = 6;
const TOP = 56;

export interface Bar {
  readonly label: string;
  readonly ratio: Spread;
}

/** The bars of some rows against one peer. */
export function barsAgainst(against: string, rows: readonly Row[]): Bar[] {
  return rows.flatMap(({ group, title, ratios }) =>
    ratios.filter((ratio) => ratio.against === against)
      .map(({ throughput }) => ({ label: `${group}: ${title}`, ratio: throughput }))
  );
}

/** The bars of all targets that are ratios of throughput or median latency. */
export function barsOfTargets(rows: readonly Row[]): Bar[] {
  return TARGETS.flatMap(({ parts }) => parts).flatMap(({ row: id, against, figure }) => {
    const row = rows.find((row) => row.id === id);
    const ratio = row?.ratios.find((one) => one.against === against);
    const spread = figure === "throughput" || figure === "p50" ? ratio?.[figure] : null;
    if (row === undefined || !spread) return [];
    const what = figure === "p50" ? ", p50" : "";
    return [{ label: `${row.title}${what} : ${against}`, ratio: spread }];
  });
}

/** An SVG with a bar for each ratio; whiskers go from the lowest to the highest repetition. */
export function ratioPlot(title: string, bars: readonly Bar[]): string {
  const limit = Math.max(
    1,
    ...bars.flatMap(({ ratio: { low, high } }) => [
      Math.abs(Math.log2(low)),
      Math.abs(Math.log2(high)),
    ]).filter(Number.isFinite),
  );
  const doublings = Math.ceil(limit);
  const scale = (WIDTH - LABEL - RIGHT) / (2 * doublings);
  const at = (value: number) => LABEL + (Math.log2(value) + doublings) * scale;
  const height = TOP + bars.length * (BAR + GAP) + 20;
  const ticks = Array.from({ length: 2 * doublings + 1 }, (_, index) => 2 ** (index - doublings));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    "<style>text{font:12px system-ui,sans-serif;fill:#333}.t{font-weight:600;font-size:14px}",
    ".g{stroke:#ccc}.e{stroke:#333;stroke-width:1.5}.b{fill:#2a7f62}.w{fill:#c4673b}",
    ".k{stroke:#333}@media(prefers-color-scheme:dark){text{fill:#ddd}.g{stroke:#444}",
    ".e,.k{stroke:#ddd}}</style>",
    `<text class="t" x="8" y="20">${escaped(title)}</text>`,
    ...ticks.map((tick) => tickLine(tick, at(tick), height)),
    ...bars.map((bar, index) => barLines(bar, TOP + index * (BAR + GAP), at)),
    "</svg>",
    "",
  ].join("\n");
}

function tickLine(tick: number, x: number, height: number): string {
  const label = tick >= 1 ? `${tick}` : `1/${1 / tick}`;
  return `<line class="${tick === 1 ? "e" : "g"}" x1="${fixed(x)}" x2="${fixed(x)}" ` +
    `y1="${TOP - 6}" y2="${height - 12}"/>` +
    `<text x="${fixed(x)}" y="${TOP - 12}" text-anchor="middle">${label}</text>`;
}

function barLines({ label, ratio }: Bar, y: number, at: (value: number) => number): string {
  const { median, low, high } = ratio;
  const [from, to] = [at(1), at(median)].sort((a, b) => a - b) as [number, number];
  const middle = y + BAR / 2;
  return `<text x="${LABEL - 10}" y="${middle + 4}" text-anchor="end">${escaped(label)}</text>` +
    `<rect class="${median >= 1 ? "b" : "w"}" x="${fixed(from)}" y="${y}" ` +
    `width="${fixed(to - from)}" height="${BAR}"/>` +
    `<line class="k" x1="${fixed(at(low))}" x2="${
      fixed(at(high))
    }" y1="${middle}" y2="${middle}"/>` +
    `<text x="${WIDTH - 8}" y="${middle + 4}" text-anchor="end">${median.toFixed(2)}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
