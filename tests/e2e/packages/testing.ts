/**
 * A program of the catalogue as a test.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { startRedisServer } from "../../../tools/redis_server.ts";
import { startProxy } from "../../support/proxy.ts";
import { isInstalled, type Program } from "./catalogue.ts";

/** The time limit of one run, in milliseconds. */
const LIMIT = 60_000;

/**
 * Registers the test of a program: a run through the proxy prints the same as a run against Redis.
 */
export async function testProgram(program: Program): Promise<void> {
  const ignore = !await isInstalled(program);
  if (ignore) console.log(`left out: ${program.name} is not installed here`);
  Deno.test({ name: `${program.name}: the same work as with Redis`, ignore }, async () => {
    await using direct = await startRedisServer();
    await using origin = await startRedisServer();
    await using proxy = await startProxy(origin.port);
    const [wanted, seen] = await Promise.all(
      [direct, proxy].map(({ port }) => drive(program, port)),
    );
    assertEquals(seen, wanted);
    assertEquals(wanted!.at(-1), "done: true");
    assert(wanted!.length > 5, `only ${wanted!.length} lines`);
  });
}

/** Runs a driver to its end, and returns the lines that it printed. */
async function drive({ command: [command, ...args] }: Program, port: number): Promise<string[]> {
  const signal = AbortSignal.timeout(LIMIT);
  const child = new Deno.Command(command!, { args: [...args, `${port}`], signal });
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  assertEquals(code, 0, `${text}\n${decoder.decode(stderr)}`);
  return text.trimEnd().split("\n");
}
