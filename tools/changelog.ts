// The notes of a release, from CHANGELOG.md: deno run -A tools/changelog.ts 1.2.3
import manifest from "../deno.json" with { type: "json" };
import { main, ROOT } from "./command.ts";

/**
 * The section of a version, without its heading.
 *
 * @throws {Error} If there is no section of that version with a date, or if it is empty.
 */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find((section) => section.split(/[\s\n]/)[0] === version);
  if (found === undefined) {
    throw new Error(`Cannot find the version in CHANGELOG.md: wanted "## ${version} - YYYY-MM-DD"`);
  }
  const [heading, ...lines] = found.split("\n");
  if (!/ - \d{4}-\d\d-\d\d$/.test(heading!)) {
    throw new Error(`Cannot use the heading "${heading}": wanted "${version} - YYYY-MM-DD"`);
  }
  const notes = lines.join("\n").trim();
  if (notes === "") throw new Error(`Cannot release ${version}: its section is empty`);
  return notes;
}

if (import.meta.main) {
  await main(async () => {
    const [version = ""] = Deno.args;
    if (version !== manifest.version) {
      throw new Error(
        `Cannot release "${version}": wanted ${manifest.version}, the version in deno.json`,
      );
    }
    console.log(notesOf(await Deno.readTextFile(`${ROOT}/CHANGELOG.md`), version));
    return 0;
  });
}
