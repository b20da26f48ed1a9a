// The parts of the README that tools write: each lies between a comment that names it and the end of
// the region that `deno fmt` leaves alone.

const START = "\n<!-- deno-fmt-ignore-start -->\n";
const END = "<!-- deno-fmt-ignore-end -->\n";

/** The README with `content` in the section that starts with the comment `marker`. */
export function withSection(readme: string, marker: string, content: string): string {
  const from = readme.indexOf(marker + START) + marker.length + START.length;
  const to = readme.indexOf(END, from);
  if (!readme.includes(marker + START) || to < 0) {
    throw new Error(`Cannot find the section "${marker}" in README.md`);
  }
  return `${readme.slice(0, from)}\n${content}\n${readme.slice(to)}`;
}

/** What is in that section. */
export function sectionOf(readme: string, marker: string): string {
  const empty = withSection(readme, marker, "");
  const start = empty.indexOf(marker + START) + marker.length + START.length;
  return readme.slice(start, start + readme.length - empty.length + 2).trim();
}
