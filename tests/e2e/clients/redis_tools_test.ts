// redis-cli in its other modes, and redis-benchmark: the programs that people try first.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startRedisServer } from "../../../tools/redis_server.ts";
import { request } from "../../support/client.ts";
import { startProxy } from "../../support/proxy.ts";
import { fill } from "./suite.ts";

const LIMIT = 20_000;
const PASSWORD = "correct-horse";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with a text as its standard input. */
async function run(command: readonly string[], input: string | Uint8Array = ""): Promise<Ended> {
  const [program, ...args] = command as [string, ...string[]];
  const child = new Deno.Command(program, {
    args,
    env: { TERM: "dumb" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), LIMIT);
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
  await writer.close();
  const { code, stdout, stderr } = await output;
  clearTimeout(limit);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** The arguments that lead a program to Redis, to an open proxy, or to one with a password. */
interface Places {
  readonly redis: readonly string[];
  readonly open: readonly string[];
  readonly guarded: readonly string[];
}

async function withProxies(work: (places: Places) => Promise<void>): Promise<void> {
  await using redis = await startRedisServer();
  await fill(redis);
  await using open = await startProxy(redis.port);
  await using guarded = await startProxy(redis.port, [], { env: { RP_PASSWORD: PASSWORD } });
  const to = ({ port }: { port: number }) => ["-h", "127.0.0.1", "-p", `${port}`];
  await work({ redis: to(redis), open: to(open), guarded: to(guarded) });
}

Deno.test("redis-cli sends one command, in either protocol, with and without a password", () =>
  withProxies(async ({ open, guarded }) => {
    for (const protocol of ["-2", "-3"]) {
      const cli = ["redis-cli", protocol];
      assertEquals((await run([...cli, ...open, "get", "hit"])).stdout, "value\n");
      assertEquals((await run([...cli, ...open, "--no-raw", "get", "miss"])).stdout, "(nil)\n");
      const right = await run([...cli, ...guarded, "-a", PASSWORD, "get", "hit"]);
      assertEquals(right.stdout, "value\n");
      const wrong = await run([...cli, ...guarded, "-a", "wrong", "get", "hit"]);
      assertMatch(wrong.stdout, /^NOAUTH /);
      assertMatch((await run([...cli, ...guarded, "get", "hit"])).stdout, /^NOAUTH /);
    }
  }));

Deno.test({
  name: "redis-cli on a terminal prompts, answers and ends",
  ignore: Deno.build.os !== "linux", // the program "script" takes other arguments elsewhere
  fn: () =>
    withProxies(async ({ open }) => {
      for (const protocol of ["-2", "-3"]) {
        const typed = "get hit\nnosuch command\nget miss\nquit\n";
        const { code, stdout } = await onTerminal(["redis-cli", protocol, ...open], typed);
        assertEquals(code, 0);
        assertStringIncludes(stdout, `127.0.0.1:${open.at(-1)}> `);
        assertStringIncludes(stdout, '"value"');
        assertStringIncludes(stdout, "(error) ERR unknown command 'nosuch'");
        assertStringIncludes(stdout, "(nil)");
        assert(!/not connected|Could not connect/.test(stdout), stdout);
      }
    }),
});

Deno.test("redis-cli --pipe writes through the proxy, and ends", () =>
  withProxies(async ({ redis, open }) => {
    const writes = Array.from({ length: 100 }, (_, index) => request("SET", `new:${index}`, "x"));
    const { code, stdout } = await run(["redis-cli", ...open, "--pipe"], writes.join(""));
    assertEquals(code, 0);
    assertMatch(stdout, /^errors: 0, replies: 100$/m);
    assertEquals((await run(["redis-cli", ...redis, "exists", "new:99"])).stdout, "1\n");
  }));

Deno.test("redis-cli --latency sees no reply that waits for a timer", () =>
  withProxies(async ({ open }) => {
    const { code, stdout } = await run(["redis-cli", ...open, "--latency", "-i", "0.5"]);
    assertEquals(code, 0);
    const [min, , , samples] = stdout.trim().split(" ").map(Number);
    // Nagle's algorithm with delayed acknowledgements adds 40 ms each time; a busy machine does
    // not.
    assert(min! < 10, stdout);
    assert(samples! >= 10, stdout);
  }));

Deno.test("redis-benchmark measures PING, GET and any command", (t) =>
  withProxies(async ({ open, guarded }) => {
    const kinds: [string, string[], readonly string[]][] = [
      ["one at a time", ["-t", "ping,get"], open],
      ["16 at a time", ["-t", "ping,get", "-P", "16"], open],
      ["in RESP3", ["-t", "ping,get", "-3"], open],
      ["with a password", ["-t", "ping,get", "-a", PASSWORD], guarded],
      ["a command of one's own", ["get", "hit"], open],
    ];
    for (const [name, args, place] of kinds) {
      await t.step(name, async () => {
        const load = ["--csv", "-n", "2000", "-c", "10"];
        const ended = await run(["redis-benchmark", ...place, ...load, ...args]);
        const { code, stdout, stderr } = ended;
        assertEquals(code, 0, stderr);
        assert(!/NOAUTH|ERR /.test(stdout + stderr), stderr);
        const tests = args[0] === "-t" ? ["PING_INLINE", "PING_MBULK", "GET"] : ["get hit"];
        for (const test of tests) assertMatch(stdout, new RegExp(`^"${test}","\\d+\\.\\d+"`, "m"));
      });
    }
  }));

/** Runs a program on a terminal, and types into it. */
async function onTerminal(command: readonly string[], typed: string): Promise<Ended> {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-terminal-" });
  try {
    // The user's history must not change.
    const line = `REDISCLI_HISTFILE=/dev/null TERM=dumb ${command.join(" ")}`;
    return await run(["script", "-qefc", line, `${folder}/typescript`], typed);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
