// The sections of documentation pages that tools write. A section starts with a comment that names
// it and ends where `deno fmt` formats again.

const START = "\n<!-- deno-fmt-ignore-start -->\n";
const END = "<!-- deno-fmt-ignore-end -->\n";

/** The page with `content` in the section that starts with the comment `marker`. */
export function withSection(page: string, marker: string, content: string): string {
  const from = page.indexOf(marker + START) + marker.length + START.length;
  const to = page.indexOf(END, from);
  if (!page.includes(marker + START) || to < 0) {
    throw new Error(`Cannot find the section "${marker}" in the page`);
  }
  return `${page.slice(0, from)}\n${content}\n${page.slice(to)}`;
}

/** The content of that section. */
export function sectionOf(page: string, marker: string): string {
  const empty = withSection(page, marker, "");
  const start = empty.indexOf(marker + START) + marker.length + START.length;
  return page.slice(start, start + page.length - empty.length + 2).trim();
}
