// The basis of every tool: the root of the repository, child processes, and an exit status.

/** The root of the repository. All paths in the tools start here. */
export const ROOT = new URL("../", import.meta.url).pathname.replace(/\/$/, "");

export interface RunOptions {
  /** Default: the root. */
  cwd?: string;
  env?: Record<string, string>;
  /** Whether `env` replaces our environment instead of extending it. */
  clearEnv?: boolean;
  /** Ends the command with SIGTERM. */
  signal?: AbortSignal;
}

/** Runs a command in the root, passes its output through, and returns its exit status. */
export async function run(command: string[], options: RunOptions = {}): Promise<number> {
  const [program, ...args] = command as [string, ...string[]];
  const { code } = await new Deno.Command(program, { args, cwd: ROOT, stdin: "null", ...options })
    .spawn().status;
  return code;
}

/** Runs a command without showing its output. If it fails, the error holds the output. */
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

/** Runs a tool. Its result is the exit status; an error is one line on stderr and status 1. */
export async function main(tool: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await tool());
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}

/** Reports progress on stderr, so that stdout holds only results. */
export function say(line: string): void {
  console.error(line);
}
