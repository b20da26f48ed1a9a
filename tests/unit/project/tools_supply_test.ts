// On both kinds of network, the same names must lead to the same packages.
import { assertEquals } from "@std/assert";
import config from "../../../deno.json" with { type: "json" };
import map from "../../../tools/npm_imports.json" with { type: "json" };

const ROOT = new URL("../../..", import.meta.url);
const DENO_STD = "npm:deno-std@1.4.0";
const byNpm: Record<string, string> = map.imports;
const byJsr: Record<string, string> = config.imports;

/** The package of a bare name: "@std/http/status" belongs to "@std/http". */
function packageOf(name: string): string {
  return name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/");
}

/** The file of deno-std for a JSR export: "@std/cli/parse-args" is cli/parse_args.js. */
function fileOf(name: string): string {
  const [, folder, entry = "mod"] = name.split("/");
  return `${DENO_STD}/${folder}/${entry.replaceAll("-", "_")}.js`;
}

function* sources(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (name.startsWith(".") || name === "dist" || name === "node_modules") continue;
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}

/** The bare names that the sources import, without Node's modules. */
function importedNames(): string[] {
  const names = new Set<string>();
  for (const file of sources(ROOT)) {
    const text = Deno.readTextFileSync(file);
    for (const [, name] of text.matchAll(/(?:^import|\bfrom) "([@a-z][^"]*)"/gm)) {
      if (!name!.startsWith("node:")) names.add(name!);
    }
  }
  return [...names].sort();
}

Deno.test("npm_imports.json names the same packages as deno.json", () => {
  const packages = new Set(Object.keys(byNpm).map(packageOf));
  assertEquals([...packages].sort(), Object.keys(byJsr).sort());
});

Deno.test("npm_imports.json has every bare name that the sources import", () => {
  assertEquals(importedNames().filter((name) => !(name in byNpm)), []);
});

Deno.test("npm_imports.json takes npm packages in the versions of deno.json, the rest from deno-std", () => {
  for (const [name, specifier] of Object.entries(byNpm)) {
    const ordinary = byJsr[packageOf(name)]!;
    assertEquals(specifier, ordinary.startsWith("npm:") ? ordinary : fileOf(name));
  }
});
