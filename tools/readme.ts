// Writes the configuration table of the README from the settings themselves, between two markers,
// so that no flag is missing there and no default is wrong: deno task readme
import { GROUPS, type Setting, variableOf } from "../src/config/settings.ts";
import { main, ROOT, say } from "./command.ts";
import { withSection } from "./readme_section.ts";

/** The README with its configuration table as the settings have it. */
export function withSettings(readme: string): string {
  return withSection(readme, "<!-- settings: written by `deno task readme` -->", table());
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

function row(group: string, flag: string, setting: Setting<unknown>): string {
  const { kind, fallback, help, variableOnly } = setting;
  const cells = [
    group,
    variableOnly ? "none" : `\`--${flag} ${kind.placeholder}\``,
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
