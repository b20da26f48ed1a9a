// The parts of a release: notes, bill of materials, and a workflow that tries each executable.
import { assertEquals, assertThrows } from "@std/assert";
import { ROOT } from "../../../tools/command.ts";
import { notesOf } from "../../../tools/changelog.ts";
import { nameOf, TARGETS } from "../../../tools/release.ts";
import { bill, type Graph } from "../../../tools/sbom.ts";

const CHANGELOG = `# Changelog

## Unreleased

- new

## 1.2.0 - 2026-01-02

### Fixes

- old

## 1.1.0 - 2025-12-31

## 1.0.0

- first
`;

Deno.test("notesOf() gives the section of a version, without its heading", () => {
  assertEquals(notesOf(CHANGELOG, "1.2.0"), "### Fixes\n\n- old");
});

Deno.test("notesOf() needs a section with a date and a text", () => {
  assertThrows(() => notesOf(CHANGELOG, "1.2"), Error, "Cannot find the version");
  assertThrows(() => notesOf(CHANGELOG, "1.1.0"), Error, "its section is empty");
  assertThrows(() => notesOf(CHANGELOG, "1.0.0"), Error, "wanted");
});

const GRAPH: Graph = {
  modules: [
    { specifier: "file:///main.ts" },
    { specifier: "node:buffer" },
    { specifier: "https://jsr.io/@std/cli/1.0.32/parse_args.ts" },
    { specifier: "https://jsr.io/@std/cli/1.0.32/_more.ts" },
    { specifier: "npm:/@scope/client@6.0.0" },
    { specifier: "npm:/cache@11.5.3/some/file.js" },
  ],
  npmPackages: {
    "@scope/client@6.0.0": {
      name: "@scope/client",
      version: "6.0.0",
      dependencies: ["part@1.0.0"],
      localPath: "client",
    },
    "part@1.0.0": { name: "part", version: "1.0.0", dependencies: [], localPath: "part" },
    "cache@11.5.3": { name: "cache", version: "11.5.3", dependencies: [] },
    "@types/node@22.0.0": { name: "@types/node", version: "22.0.0", dependencies: [] },
  },
};

const LICENSES: Record<string, string> = { client: "MIT", part: "(MIT OR Apache-2.0)" };

Deno.test("bill() lists the compiled packages, their dependents and Deno, without type packages", () => {
  const { components, dependencies } = bill(GRAPH, "2.9.6", (path) => LICENSES[path]) as {
    components: { purl: string; licenses?: unknown }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  assertEquals(components.map(({ purl, licenses }) => [purl, licenses]), [
    ["pkg:github/denoland/deno@v2.9.6", undefined],
    ["pkg:jsr/%40std/cli@1.0.32", undefined],
    ["pkg:npm/%40scope/client@6.0.0", [{ license: { id: "MIT" } }]],
    ["pkg:npm/cache@11.5.3", undefined],
    ["pkg:npm/part@1.0.0", [{ expression: "(MIT OR Apache-2.0)" }]],
  ]);
  const [program, ...others] = dependencies;
  assertEquals(program!.dependsOn, [
    "pkg:jsr/%40std/cli@1.0.32",
    "pkg:npm/%40scope/client@6.0.0",
    "pkg:npm/cache@11.5.3",
    "pkg:github/denoland/deno@v2.9.6",
  ]);
  assertEquals(others, [
    { ref: "pkg:npm/%40scope/client@6.0.0", dependsOn: ["pkg:npm/part@1.0.0"] },
    { ref: "pkg:npm/cache@11.5.3", dependsOn: [] },
    { ref: "pkg:npm/part@1.0.0", dependsOn: [] },
  ]);
});

Deno.test("bill() fails if a module or a package cannot be found", () => {
  const broken = { modules: [{ specifier: "npm:/x@1.0.0", error: "offline" }], npmPackages: {} };
  assertThrows(() => bill(broken, "2.9.6", () => undefined), Error, "Cannot find npm:/x@1.0.0");
  const missing = { modules: [{ specifier: "npm:/x@1.0.0" }], npmPackages: {} };
  assertThrows(() => bill(missing, "2.9.6", () => undefined), Error, "Cannot find the npm package");
});

Deno.test("nameOf() is an archive of the platform's usual kind", () => {
  assertEquals(nameOf("1.2.3", "linux-x64"), "redis-proxy-1.2.3-linux-x64.tar.gz");
  assertEquals(nameOf("1.2.3", "windows-x64"), "redis-proxy-1.2.3-windows-x64.zip");
});

Deno.test("the release workflow tries the executable of each target", async () => {
  const workflow = await Deno.readTextFile(`${ROOT}/.github/workflows/release.yml`);
  const tried = Array.from(workflow.matchAll(/\{ target: ([\w-]+),/g), ([, target]) => target);
  assertEquals(tried, Object.keys(TARGETS));
});

Deno.test("each script and tool that a workflow runs exists", async () => {
  const missing: string[] = [];
  for (const { name } of Deno.readDirSync(`${ROOT}/.github/workflows`)) {
    const workflow = await Deno.readTextFile(`${ROOT}/.github/workflows/${name}`);
    for (const [path] of workflow.matchAll(/(?<![\w./-])(?:\.ci|tools)\/[\w./-]+/g)) {
      const isThere = await Deno.stat(`${ROOT}/${path}`).then(() => true, () => false);
      if (!isThere) missing.push(`${name}: ${path}`);
    }
  }
  assertEquals(missing, []);
});
