// Writes the table in docs/configuration.md from the settings themselves: deno task settings
import { GROUPS, type Setting, variableOf } from "../src/config/settings.ts";
import { main, ROOT, say } from "./command.ts";
import { withSection } from "./section.ts";

/** The page with the table of settings. */
export const CONFIGURATION = `${ROOT}/docs/configuration.md`;

/** That page with the table made from the settings. */
export function withSettings(page: string): string {
  return withSection(page, "<!-- settings: written by `deno task settings` -->", table());
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
    const before = await Deno.readTextFile(CONFIGURATION);
    const after = withSettings(before);
    if (after !== before) await Deno.writeTextFile(CONFIGURATION, after);
    say(`docs/configuration.md ${after === before ? "is up to date" : "was updated"}`);
    return 0;
  });
}
