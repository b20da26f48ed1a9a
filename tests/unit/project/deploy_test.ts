// The files in deploy name only settings, metrics and pages that exist.
import { assert, assertEquals } from "@std/assert";
import { metricsText } from "../../../src/admin/metrics.ts";
import { FLAGS, variableOf } from "../../../src/config/settings.ts";
import { Histogram } from "../../../src/core/histogram.ts";
import { ROOT } from "../../../tools/command.ts";
import { FACTS } from "../../support/resp_context.ts";

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(`${ROOT}/${folder}`)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

const FILES = filesIn("deploy");
const textOf = (path: string) => Deno.readTextFileSync(`${ROOT}/${path}`);

/** The matches in all files that are not known, with their file. */
function unknown(pattern: RegExp, known: Iterable<string>, files = FILES): string[] {
  const names = new Set(known);
  return files.flatMap((path) =>
    Array.from(textOf(path).matchAll(pattern), ([, name]) => name!)
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${name}`)
  );
}

Deno.test("each variable and each flag in deploy is a setting", () => {
  assertEquals(unknown(/\b(RP_[A-Z_]+[A-Z])\b/g, FLAGS.map(variableOf)), []);
  const others = ["from-literal", "now"]; // of kubectl and systemctl
  assertEquals(unknown(/ --([a-z][a-z-]+)/g, [...FLAGS, ...others]), []);
  assert(FILES.length >= 9);
});

Deno.test("each metric in the alerts and in the dashboard exists", () => {
  const machine = {
    ...{ cpuSeconds: 1, openFiles: 1, openFilesMax: 1, memoryLimit: 1 },
    loopLag: new Histogram(),
  };
  const sentinels = { name: "a", master: "b", moves: 0, count: 3, agreeing: 3, confirmedAge: 0 };
  const text = metricsText({ ...FACTS, nodes: [], sentinels }, machine);
  const names = Array.from(text.matchAll(/^(?:# HELP )?([a-z_]+)[{ ]/gm), ([, name]) => name!);
  const watching = FILES.filter((path) => /prometheus|grafana/.test(path));
  assertEquals(unknown(/\b((?:redis_proxy|process)_[a-z_]+)/g, names, watching), []);
});

Deno.test("each alert says what it means and what to do", () => {
  const rules = textOf("deploy/prometheus/alerts.yml").split("- alert: ").slice(1);
  assert(rules.length > 10);
  for (const rule of rules) {
    assert(/summary: ".+\{\{ \$labels\.instance \}\}|summary: "\{\{/.test(rule), rule);
    assert(/help: ".+"/.test(rule) && /severity: (critical|warning|info)/.test(rule), rule);
  }
});
