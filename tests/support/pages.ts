/**
 * The Markdown pages of the repository, with the parts that tests can check: links, headings, code.
 *
 * @module
 */
import { ROOT } from "../../tools/command.ts";

export interface Page {
  /** From the root of the repository, such as "docs/http.md". */
  readonly path: string;
  /** Where its links lead, as they are written. */
  readonly links: readonly string[];
  /** The anchors of its headings, as GitHub makes them. */
  readonly anchors: readonly string[];
  /** Its code: each span between backticks, and each line of a code block. */
  readonly code: readonly string[];
}

/** All pages: those at the root, and those in `docs` and `bench`. */
export const PAGES: readonly Page[] = ["", "docs", "docs/decisions", "bench"].flatMap((folder) =>
  Array.from(Deno.readDirSync(`${ROOT}/${folder}`), ({ name }) => name)
    .filter((name) => name.endsWith(".md"))
    .map((name) => readPage(folder === "" ? name : `${folder}/${name}`))
);

/**
 * The pages that describe the current program. The changelog also mentions things that no longer
 * exist.
 */
export const MANUAL = PAGES.filter(({ path }) => path !== "CHANGELOG.md");

export function pageAt(path: string): Page {
  const page = PAGES.find((one) => one.path === path);
  if (page === undefined) throw new Error(`Cannot find the page ${path}`);
  return page;
}

function readPage(path: string): Page {
  const blocks: string[] = [];
  const prose = Deno.readTextFileSync(`${ROOT}/${path}`)
    .replace(/^```.*\n([\s\S]*?)^```$/gm, (_, block: string) => {
      blocks.push(...block.split("\n"));
      return "";
    })
    .replace(/^(?: {4}.*\n)+/gm, (block) => {
      blocks.push(...block.split("\n").map((line) => line.trim()));
      return "\n";
    });
  const spans = Array.from(prose.matchAll(/(`+)(.+?)\1/gs), ([, , span]) => span!);
  const headings = Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading]) => heading!);
  const links = Array.from(
    prose.replace(/`[^`\n]+`/g, "").matchAll(/\]\(([^)\s]+)\)/g),
    ([, link]) => link!,
  );
  return {
    path,
    links,
    anchors: headings.map(anchorOf),
    code: [...spans, ...blocks].map((one) => one.replace(/\s+/g, " ").trim()),
  };
}

function anchorOf(heading: string): string {
  return heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
}
