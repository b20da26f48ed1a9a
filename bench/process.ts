// Processes of the benchmark: each on its CPU, with the highest limit of open files, ended by its
// handle.
import { isOnPath } from "../tools/install_redis.ts";
import { allowedCpus } from "./proc.ts";

/** The task of each CPU. */
export interface Placement {
  /** The CPU of the measured server. */
  readonly server: number;
  /** The CPU of the load generator, and, with only two CPUs, of the Redis behind the server. */
  readonly load: number;
  readonly backing: number;
  /** Whether processes are pinned to these CPUs. */
  readonly isPinned: boolean;
}

export function placement(): Placement {
  const cpus = allowedCpus();
  const isPinned = cpus.length > 1 && isOnPath("taskset");
  const [server, load, backing = load] = cpus as [number, number?, number?];
  return { server, load: load ?? server, backing: backing ?? server, isPinned };
}

export const PLACES = placement();

/** The command that runs another command on a CPU. */
export function onCpu(cpu: number, command: readonly string[]): string[] {
  return PLACES.isPinned ? ["taskset", "-c", `${cpu}`, ...command] : [...command];
}

export interface Running extends AsyncDisposable {
  readonly pid: number;
  readonly command: readonly string[];
  readonly child: Deno.ChildProcess;
  /** Ends it and waits until it has ended. */
  stop(): Promise<void>;
}

const OPEN_FILES = 'ulimit -n "$(ulimit -Hn)" && exec "$@"';

/** Starts a server; its output goes to a file or nowhere. */
export function start(
  cpu: number,
  command: readonly string[],
  options: Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr"> = {},
): Running {
  const [program, ...args] = ["sh", "-c", OPEN_FILES, "sh", ...onCpu(cpu, command)];
  const child = new Deno.Command(program!, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...options,
  }).spawn();
  let gone = false;
  const ended = child.status.finally(() => gone = true);
  const stop = async () => {
    if (!gone) child.kill("SIGTERM");
    const force = setTimeout(() => gone || child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(force);
  };
  return { pid: child.pid, command, child, stop, [Symbol.asyncDispose]: stop };
}

/** Runs a program to its end on a CPU and returns its output; an error holds its stderr. */
export async function output(cpu: number, command: readonly string[]): Promise<string> {
  const [program, ...args] = onCpu(cpu, command);
  const { success, stdout, stderr } = await new Deno.Command(program!, { args, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`Command "${command[0]}" failed: ${decoder.decode(stderr).trim()}`);
}

/** Waits until a probe succeeds. */
export async function until(probe: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!await probe().catch(() => false)) {
    if (Date.now() > deadline) throw new Error(`Cannot start ${what}: it does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
