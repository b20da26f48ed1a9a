// The software bill of materials of the executable: which packages are compiled in, and on which
// Deno. Prints CycloneDX 1.5 as JSON: deno run -A tools/sbom.ts
import manifest from "../deno.json" with { type: "json" };
import { main, ROOT } from "./command.ts";
import { denoEnv, supplyFlags } from "./supply.ts";

/** The parts of the output of `deno info --json` that are needed. */
export interface Graph {
  modules: { specifier: string; error?: string }[];
  /** By name and version. */
  npmPackages: Record<
    string,
    { name: string; version: string; dependencies: string[]; localPath?: string }
  >;
}

interface Component {
  type: "library" | "platform";
  "bom-ref": string;
  name: string;
  version: string;
  purl: string;
  licenses?: ({ license: { id: string } } | { expression: string })[];
}

/** The parts of a module's specifier: an npm package by its key, or a JSR package. */
const NPM = /^npm:\/?((?:@[^/]+\/)?[^/@]+@[^/]+)/;
const JSR = /^https:\/\/jsr\.io\/(@[^/]+\/[^/]+)\/([^/]+)\//;

/** The output of `deno info` for the program. */
export async function graphOf(deno: string): Promise<Graph> {
  const { success, stdout, stderr } = await new Deno.Command(deno, {
    args: ["info", "--json", ...await supplyFlags(), "main.ts"],
    cwd: ROOT,
    env: denoEnv(),
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot list the packages: ${decoder.decode(stderr).trim()}`);
  return JSON.parse(decoder.decode(stdout));
}

/**
 * The bill of materials.
 *
 * @param runtime The version of Deno that the executable runs on.
 * @param licenseOf The SPDX identifier of a package's license; undefined if it names none.
 */
export function bill(
  { modules, npmPackages }: Graph,
  runtime: string,
  licenseOf: (path: string) => string | undefined,
): Record<string, unknown> {
  const broken = modules.find(({ error }) => error !== undefined);
  if (broken) throw new Error(`Cannot find ${broken.specifier}: ${broken.error}`);
  const direct = new Set<string>();
  const components = new Map<string, Component>();
  for (const { specifier } of modules) {
    const [, key] = NPM.exec(specifier) ?? [];
    if (key !== undefined) direct.add(key);
    const [, name, version] = JSR.exec(specifier) ?? [];
    if (name === undefined) continue;
    const purl = `pkg:jsr/${name.replace("@", "%40")}@${version}`;
    components.set(purl, component("library", name, version!, purl));
  }
  const dependencies = new Map<string, string[]>();
  const reached = new Set(direct);
  // The graph also has packages that only describe types, so packages that no import reaches are
  // left out.
  for (const key of reached) {
    const found = npmPackages[key];
    if (found === undefined) throw new Error(`Cannot find the npm package ${key}`);
    for (const one of found.dependencies) reached.add(one);
    const purl = purlOf(key);
    const license = found.localPath && licenseOf(found.localPath);
    components.set(purl, {
      ...component("library", found.name, found.version, purl),
      ...(license ? { licenses: [licenseEntry(license)] } : {}),
    });
    dependencies.set(purl, found.dependencies.map(purlOf));
  }
  const jsr = [...components.keys()].filter((purl) => purl.startsWith("pkg:jsr/"));
  const deno = component("platform", "deno", runtime, `pkg:github/denoland/deno@v${runtime}`);
  const program = component(
    "library",
    "redis-proxy",
    manifest.version,
    `pkg:generic/redis-proxy@${manifest.version}`,
  );
  const needs = [...jsr, ...[...direct].map(purlOf), deno.purl];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: { ...program, type: "application" } },
    components: [...components.values(), deno].sort((a, b) => a.purl < b.purl ? -1 : 1),
    dependencies: [
      { ref: program.purl, dependsOn: needs },
      ...[...dependencies].map(([ref, dependsOn]) => ({ ref, dependsOn })),
    ],
  };
}

function component(
  type: Component["type"],
  name: string,
  version: string,
  purl: string,
): Component {
  return { type, "bom-ref": purl, name, version, purl };
}

/** An identifier such as MIT, or an expression such as (MIT OR Apache-2.0). */
function licenseEntry(license: string): { license: { id: string } } | { expression: string } {
  return /^[\w.-]+$/.test(license) ? { license: { id: license } } : { expression: license };
}

function purlOf(key: string): string {
  return `pkg:npm/${key.replace(/^@/, "%40")}`;
}

/** The license that a package in Deno's cache names. */
export function licenseIn(path: string): string | undefined {
  const { license } = JSON.parse(Deno.readTextFileSync(`${path}/package.json`));
  return typeof license === "string" ? license : undefined;
}

if (import.meta.main) {
  await main(async () => {
    const graph = await graphOf(Deno.execPath());
    console.log(JSON.stringify(bill(graph, Deno.version.deno, licenseIn), null, 2));
    return 0;
  });
}
