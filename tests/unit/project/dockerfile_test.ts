// Each tool that the Dockerfile runs finds all the files it imports. A build copies only some files
// before it runs a tool, so that a change elsewhere does not repeat the downloads.
import { assertEquals, assertNotEquals } from "@std/assert";
import { ROOT } from "../../../tools/command.ts";

interface Run {
  tool: string;
  /** Files and folders that were copied before. */
  copied: readonly string[];
}

/** The tools that a Dockerfile runs. */
function runsOf(dockerfile: string): Run[] {
  const stages = new Map<string, string[]>();
  const runs: Run[] = [];
  let copied: string[] = [];
  for (const line of dockerfile.replaceAll(/^#.*\n/gm, "").replaceAll("\\\n", " ").split("\n")) {
    const [instruction, ...words] = line.trim().split(/\s+/);
    if (instruction === "FROM") {
      copied = [...stages.get(words[0]!) ?? []];
      if (words[2] !== undefined) stages.set(words[2], copied);
    } else if (instruction === "COPY" && !words[0]!.startsWith("--from=")) {
      copied.push(...words.slice(0, -1));
    } else if (instruction === "RUN") {
      for (const [, tool] of line.matchAll(/deno run -A (\S+\.ts)/g)) {
        runs.push({ tool: tool!, copied: [...copied] });
      }
    }
  }
  return runs;
}

/** A module and all modules of this repository that it imports, also indirectly. */
async function closureOf(module: string, known = new Set<string>()): Promise<Set<string>> {
  if (known.has(module)) return known;
  known.add(module);
  const source = await Deno.readTextFile(`${ROOT}/${module}`);
  for (const [, path] of source.matchAll(/^(?:import|export|\}).*"(\.{1,2}\/[^"]+\.ts)";$/gm)) {
    await closureOf(new URL(path!, `file:///${module}`).pathname.slice(1), known);
  }
  return known;
}

Deno.test("the image is built from files that were copied before they are needed", async () => {
  const runs = runsOf(await Deno.readTextFile(`${ROOT}/Dockerfile`));
  assertNotEquals(runs, []);
  for (const { tool, copied } of runs) {
    const missing = [...await closureOf(tool)].filter((file) =>
      !copied.some((source) => source === "." || source === file || file.startsWith(`${source}/`))
    );
    assertEquals(missing, [], `${tool} is run without them`);
  }
});
