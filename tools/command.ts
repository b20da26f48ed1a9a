// What every tool needs around its work: the root of the tree, a child process, an end with a status.

/** The root of the repository; every path in the tools starts here. */
export const ROOT = new URL("../", import.meta.url).pathname.replace(/\/$/, "");

export interface RunOptions {
  /** Default: the root. */
  cwd?: string;
  env?: Record<string, string>;
  /** Whether `env` is all the environment, instead of added to ours. */
  clearEnv?: boolean;
  /** Ends the command with SIGTERM. */
  signal?: AbortSignal;
}

/** Runs a command in the root with its output passed through, and gives its exit status. */
export async function run(command: string[], options: RunOptions = {}): Promise<number> {
  const [program, ...args] = command as [string, ...string[]];
  const { code } = await new Deno.Command(program, { args, cwd: ROOT, stdin: "null", ...options })
    .spawn().status;
  return code;
}

/** Runs a command that should say nothing; where it fails, the error holds all it said. */
export async function runQuietly(command: string[], options: RunOptions = {}): Promise<void> {
  const [program, ...args] = command as [string, ...string[]];
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: ROOT,
    stdin: "null",
    ...options,
  }).output();
  if (success) return;
  const decoder = new TextDecoder();
  const said = (decoder.decode(stdout) + decoder.decode(stderr)).trim();
  throw new Error(`Command "${command.join(" ")}" failed:\n${said}`);
}

/** Runs a tool: its result is the exit status, an error one line on stderr and status 1. */
export async function main(tool: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await tool());
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

/** Says on stderr what is going on, so that stdout is left to results. */
export function say(line: string): void {
  console.error(line);
}
