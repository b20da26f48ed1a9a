// The machine and the versions of a run: without them, figures mean nothing.
import manifest from "../deno.json" with { type: "json" };
import { ROOT } from "../tools/command.ts";
import { PLACES } from "./process.ts";

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memory: string;
  readonly kernel: string;
  readonly placement: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Load average over the minute before the run, caused by other programs. */
  readonly loadBefore: number;
}

export async function describeMachine(): Promise<Machine> {
  const cpu = /^model name\s*:\s*(.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const { server, load, backing } = PLACES;
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " ") + " UTC",
    cpu: cpu ?? "unknown",
    cpus: navigator.hardwareConcurrency,
    memory: `${Math.round(Deno.systemMemoryInfo().total / 2 ** 30)} GiB`,
    kernel: `Linux ${Deno.osRelease()}`,
    placement: PLACES.isPinned
      ? `server on CPU ${server}, load on ${load}, the Redis behind on ${backing}`
      : "nothing is held to a CPU",
    versions: {
      "redis-proxy": `${manifest.version} (${await first([
        `${ROOT}/dist/redis-proxy`,
        "--version",
      ])})`,
      "redis-server": await first(["redis-server", "--version"]),
      "twemproxy": await first(["nutcracker", "--version"]),
      "webdis": await debian("webdis"),
      "wrk": await debian("wrk"),
      "Deno of the generator": Deno.version.deno,
    },
    loadBefore: Deno.loadavg()[0]!,
  };
}

async function first(command: [string, ...string[]]): Promise<string> {
  const [program, ...args] = command;
  try {
    const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return said.trim().split("\n")[0]!.replace(/ sha=.*/, "");
  } catch {
    return "not there";
  }
}

/** The version of a package, for programs that do not print their own. */
async function debian(name: string): Promise<string> {
  const said = await first(["dpkg-query", "--show", "--showformat", "${Version}", name]);
  return /^\d/.test(said) ? said : "unknown";
}
