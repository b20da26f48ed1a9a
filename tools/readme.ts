// Writes the configuration table of the README from the settings themselves, between two markers,
// so that no flag is missing there and no default is wrong: deno task readme
import { GROUPS, type Setting, variableOf } from "../src/config/settings.ts";
import { main, ROOT, say } from "./command.ts";

const START = "<!-- settings: written by `deno task readme` -->\n<!-- deno-fmt-ignore-start -->\n";
const END = "<!-- deno-fmt-ignore-end -->\n";

/** The README with its configuration table as the settings have it. */
export function withSettings(readme: string): string {
  const [before, rest] = readme.split(START);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error("Cannot find the markers of the settings in README.md");
  return `${before}${START}\n${table()}\n${END}${after}`;
}

function table(): string {
  const rows = Object.entries(GROUPS).flatMap(([group, settings]) =>
    Object.entries(settings).map(([flag, setting], index) =>
      row(index === 0 ? `**${group}**` : "", flag, setting)
    )
  );
  return `| | Flag | Variable | Default | What it is for |\n|---|---|---|---|---|\n${
    rows.join("")
  }`;
}

function row(group: string, flag: string, { kind, fallback, help }: Setting<unknown>): string {
  const cells = [
    group,
    `\`--${flag} ${kind.placeholder}\``,
    `\`${variableOf(flag)}\``,
    fallback === null ? "" : `\`${fallback}\``,
    help,
  ];
  return `|${cells.map((cell) => ` ${cell.replaceAll("|", "\\|")} `).join("|")}|\n`;
}

if (import.meta.main) {
  await main(async () => {
    const path = `${ROOT}/README.md`;
    const before = await Deno.readTextFile(path);
    const after = withSettings(before);
    if (after !== before) await Deno.writeTextFile(path, after);
    say(`README.md ${after === before ? "is up to date" : "has the settings of src/config now"}`);
    return 0;
  });
}
