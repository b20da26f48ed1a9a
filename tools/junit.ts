// JUnit reports of `deno test`: how many tests and steps passed, and what the failed ones said.

export interface Report {
  passed: number;
  failed: number;
  /** Each failed test or step: its file, its name, and the first lines of its error. */
  failures: string[];
}

const ERROR_LINES = 12;
const ENTITIES: Record<string, string> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

/** Reads a report. Ignored tests do not count. */
export function readReport(xml: string): Report {
  const sum = (name: string) =>
    [...xml.matchAll(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`, "g"))]
      .reduce((sum, [, number]) => sum + Number(number), 0);
  const failed = sum("failures") + sum("errors");
  return { passed: sum("tests") - sum("disabled") - failed, failed, failures: failuresIn(xml) };
}

function failuresIn(xml: string): string[] {
  const cases = xml.matchAll(
    /<testcase name="([^"]*)" classname="([^"]*)"[^>]*>\s*<(?:failure|error)[^>]*>([^<]*)</g,
  );
  return [...cases].map(([, name = "", file = "", error = ""]) => {
    const lines = plain(error).split("\n").slice(0, ERROR_LINES).map((line) => `    ${line}`);
    return `${plain(file)}: ${plain(name)}\n${lines.join("\n")}`;
  });
}

function plain(text: string): string {
  return text.replaceAll(/&(?:lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity]!);
}
