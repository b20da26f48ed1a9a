/**
 * The report of the check, for people or as JSON.
 *
 * @module
 */
import type { Finding, Level } from "./finding.ts";

/** Returns the report: a line for each finding, the line that fixes it, and the counts. */
export function reportText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.map(({ about, level, found, fix }) => {
    const line = `${level.padEnd(7)}  ${about.padEnd(width)}  ${found}\n`;
    return fix === null ? line : `${line}${" ".repeat(width + 11)}fix: ${fix}\n`;
  });
  const [errors, warnings] = [countOf(findings, "error"), countOf(findings, "warning")];
  return `${lines.join("")}${plural(errors, "error")}, ${plural(warnings, "warning")}\n`;
}

/** Returns the report as JSON. */
export function reportJson(findings: readonly Finding[]): string {
  const counts = { errors: countOf(findings, "error"), warnings: countOf(findings, "warning") };
  return `${JSON.stringify({ ...counts, findings }, null, 2)}\n`;
}

function countOf(findings: readonly Finding[], level: Level): number {
  return findings.filter((one) => one.level === level).length;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
