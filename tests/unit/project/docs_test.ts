// Compares the documentation with the repository: everything it names must exist, and make targets
// and Deno tasks must be listed.
import { assertEquals } from "@std/assert";
import config from "../../../deno.json" with { type: "json" };
import { FLAGS, variableOf } from "../../../src/config/settings.ts";
import { ROOT } from "../../../tools/command.ts";
import { MANUAL, type Page, pageAt, PAGES } from "../../support/pages.ts";

/** Flags of other programs, by program. A page may name these and no others. */
const FOREIGN: Record<string, readonly string[]> = {
  curl: ["unix-socket"],
  deno: ["allow-ffi", "allow-run", "coverage", "parallel"],
  docker: ["profile"],
  sha256sum: ["check", "ignore-missing"],
  V8: [
    "max-lazy",
    "max-semi-space-size",
    "min-semi-space-size",
    "minor-ms",
    "no-flush-bytecode",
    "no-lazy-feedback-allocation",
    "no-opt",
    "optimize-for-size",
    "single-threaded-gc",
  ],
};

/** Flags that a page mentions only to say that they do not exist. */
const REFUSED = ["workers"];

const MAKEFILE = Deno.readTextFileSync(`${ROOT}/Makefile`);
const TARGETS = Array.from(MAKEFILE.matchAll(/^([a-z-]+):.*## /gm), ([, name]) => name!);
const TASKS = Object.keys(config.tasks);

/** Everything in the code of a page that matches, as "page: match". */
function found(pages: readonly Page[], pattern: RegExp): [Page, string[]][] {
  return pages.map((page) => [
    page,
    page.code.flatMap((code) => Array.from(code.matchAll(pattern), ([, match]) => match!)),
  ]);
}

/** The matches that are not in `known`, as "page: match". */
function unknown(pages: readonly Page[], pattern: RegExp, known: Iterable<string>): string[] {
  const names = new Set(known);
  return found(pages, pattern).flatMap(([{ path }, all]) =>
    [...new Set(all)].filter((one) => !names.has(one)).map((one) => `${path}: ${one}`)
  );
}

/** The `--flags` that a file of the repository mentions. */
function flagsIn(path: string): string[] {
  const text = Deno.readTextFileSync(`${ROOT}/${path}`);
  return Array.from(text.matchAll(/--([a-z][a-z-]*)/g), ([, flag]) => flag!);
}

function exists(path: string): boolean {
  try {
    return Boolean(Deno.statSync(`${ROOT}/${path}`));
  } catch {
    return false;
  }
}

/** Why a link leads nowhere; null if it leads somewhere. */
function brokenBecause(page: Page, link: string): string | null {
  const [target, anchor] = link.split("#");
  const folder = page.path.includes("/") ? page.path.replace(/[^/]+$/, "") : "";
  const path = target === ""
    ? page.path
    : new URL(target!, `file:///${folder}`).pathname.slice(1).replace(/\/$/, "");
  if (!exists(path)) return "no such file";
  if (anchor === undefined) return null;
  if (!path.endsWith(".md")) return "only pages have headings";
  return pageAt(path).anchors.includes(anchor) ? null : "no such heading";
}

Deno.test("each link of a page leads to a file, or to a heading of a page", () => {
  const broken = PAGES.flatMap((page) =>
    page.links.filter((link) => !/^https:/.test(link)).flatMap((link) => {
      const why = brokenBecause(page, link);
      return why === null ? [] : [`${page.path}: ${link}: ${why}`];
    })
  );
  assertEquals(broken, []);
});

Deno.test("a link to a missing heading is found", () => {
  const page = pageAt("docs/http.md");
  assertEquals(brokenBecause(page, "coherence.md#no-such-heading"), "no such heading");
  assertEquals(brokenBecause(page, "no-such-page.md"), "no such file");
  assertEquals(brokenBecause(page, "../README.md#quickstart"), null);
});

Deno.test("no page but the changelog has a heading twice", () => {
  const twice = MANUAL.flatMap(({ path, anchors }) =>
    anchors.filter((anchor, index) => anchors.indexOf(anchor) < index)
      .map((anchor) => `${path}#${anchor}`)
  );
  assertEquals(twice, []);
});

Deno.test("each page can be reached from README.md", () => {
  const reached = new Set(["README.md"]);
  for (const path of reached) {
    const page = pageAt(path);
    for (const link of page.links) {
      if (/^https:|^#/.test(link)) continue;
      const target = new URL(link.split("#")[0]!, `file:///${path}`).pathname.slice(1);
      if (target.endsWith(".md")) reached.add(target);
    }
  }
  const pages = PAGES.map(({ path }) => path).filter((path) => path !== "bench/README.md");
  assertEquals(pages.filter((path) => !reached.has(path)), []);
});

Deno.test("each flag in the documentation is a setting, or belongs to the tool beside it", () => {
  const own = [...FLAGS, "help", "json", "version", ...REFUSED, ...Object.values(FOREIGN).flat()];
  const tools: [RegExp, string[]][] = [
    [/\bbench\b/, flagsIn("bench/run.ts")],
    [/\bsoak\b/, flagsIn("tests/soak/run.ts")],
  ];
  const wrong = MANUAL.flatMap(({ path, code }) =>
    code.flatMap((line) => {
      const [, more = []] = tools.find(([pattern]) => pattern.test(line)) ?? [];
      return Array.from(line.matchAll(/(?<![\w-])--([a-z][a-z0-9-]*)/g), ([, flag]) => flag!)
        .filter((flag) => !own.includes(flag) && !more.includes(flag))
        .map((flag) => `${path}: --${flag}`);
    })
  );
  assertEquals(wrong, []);
});

Deno.test("each RP_ variable in the documentation is a setting, or one that the tools read", () => {
  const scripts = ["deno", "build.ts", "cache_folder.ts", "supply.ts", "run.ts"];
  const read = scripts.flatMap((name) =>
    Array.from(
      Deno.readTextFileSync(`${ROOT}/tools/${name}`).matchAll(/\b(RP_[A-Z_]+)/g),
      ([, variable]) => variable!,
    )
  );
  const known = [...FLAGS.map(variableOf), ...read];
  assertEquals(unknown(MANUAL, /\b(RP_[A-Z_]*[A-Z])\b/g, known), []);
});

Deno.test("each make target in the documentation exists, and docs/development.md lists them all", () => {
  const shown = /(?:^|[^\w-])make ([a-z][a-z-]*)/g;
  assertEquals(unknown(MANUAL, shown, TARGETS), []);
  const [[, listed]] = found([pageAt("docs/development.md")], shown) as [[Page, string[]]];
  assertEquals(TARGETS.filter((target) => target !== "help" && !listed.includes(target)), []);
});

Deno.test("each Deno task in the documentation exists, and docs/development.md lists them all", () => {
  const shown = /deno task ([a-z][a-z-]*)/g;
  assertEquals(unknown(PAGES, shown, TASKS), []);
  const listed = pageAt("docs/development.md").code.join("\n");
  const missing = TASKS.filter((task) => !listed.includes(`deno task ${task}`));
  assertEquals(missing, []);
});

Deno.test("docs/development.md says what each dependency is for", () => {
  const listed = pageAt("docs/development.md").code.filter((one) => /^(npm|jsr):/.test(one));
  const imported = Object.values(config.imports).map((one) => one.replace(/(?<=.)@[\d.]+$/, ""));
  assertEquals(listed.sort(), imported.sort());
});

Deno.test("docs/architecture.md links each room of src", () => {
  const { links } = pageAt("docs/architecture.md");
  const rooms = Array.from(Deno.readDirSync(`${ROOT}/src`), ({ name }) => name);
  assertEquals(rooms.filter((room) => !links.includes(`../src/${room}`)), []);
});

Deno.test("each file that the documentation names in code exists", () => {
  const files = /^((?:src|tests|tools|bench|docs)\/[\w./-]+)$/g;
  const wrong = unknown(MANUAL, files, [])
    .filter((one) => !exists(one.replace(/^.*: /, "")) && !/: bench\/results/.test(one));
  assertEquals(wrong, []);
});
