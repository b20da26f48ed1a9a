// redis-cli in its other modes, and redis-benchmark: the programs people reach for first.
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

/** Runs a program to its end, with a text on its standard input. */
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

Deno.test("redis-cli and redis-benchmark work in every mode", async (t) => {
  await using redis = await startRedisServer();
  await fill(redis);
  await using open = await startProxy(redis.port);
  await using guarded = await startProxy(redis.port, [], { env: { RP_PASSWORD: PASSWORD } });
  const to = ({ port }: { port: number }) => ["-h", "127.0.0.1", "-p", `${port}`];
  const cli = ["redis-cli", ...to(open)];
  const benchmark = ["redis-benchmark", ...to(open), "--csv"];

  for (const protocol of ["-2", "-3"]) {
    await t.step(`redis-cli ${protocol}, one command`, async () => {
      assertEquals((await run([...cli, protocol, "get", "hit"])).stdout, "value\n");
      const { stdout } = await run([...cli, protocol, "--no-raw", "get", "miss"]);
      assertEquals(stdout, "(nil)\n");
    });
  }

  await t.step("redis-cli -a, and without it", async () => {
    const locked = ["redis-cli", ...to(guarded)];
    assertEquals((await run([...locked, "-a", PASSWORD, "get", "hit"])).stdout, "value\n");
    assertEquals((await run([...locked, "-3", "-a", PASSWORD, "get", "hit"])).stdout, "value\n");
    assertMatch((await run([...locked, "get", "hit"])).stdout, /^NOAUTH /);
    assertMatch((await run([...locked, "-a", "wrong", "get", "hit"])).stdout, /^NOAUTH /);
  });

  for (const protocol of ["-2", "-3"]) {
    const name = `redis-cli ${protocol} on a terminal: prompt, answers, end`;
    // The program "script" takes other arguments elsewhere.
    await t.step({
      name,
      ignore: Deno.build.os !== "linux",
      fn: async () => {
        const typed = "get hit\nnosuch command\nget miss\nquit\n";
        const { code, stdout } = await onTerminal([...cli, protocol], typed);
        assertEquals(code, 0);
        assertStringIncludes(stdout, `127.0.0.1:${open.port}> `);
        assertStringIncludes(stdout, '"value"');
        assertStringIncludes(stdout, "(error) ERR unknown command 'nosuch'");
        assertStringIncludes(stdout, "(nil)");
        assert(!/not connected|Could not connect/.test(stdout), stdout);
      },
    });
  }

  await t.step(
    "redis-cli --pipe: writes are refused one by one, and it comes to an end",
    async () => {
      const writes = Array.from({ length: 100 }, (_, index) => request("SET", `new:${index}`, "x"));
      const { code, stdout } = await run([...cli, "--pipe"], writes.join(""));
      assertEquals(code, 1);
      assertMatch(stdout, /^errors: 100, replies: 100$/m);
      assertEquals((await run(["redis-cli", ...to(redis), "exists", "new:0"])).stdout, "0\n");
    },
  );

  await t.step("redis-cli --latency: no reply waits for a timer", async () => {
    const { code, stdout } = await run([...cli, "--latency", "-i", "0.5"]);
    assertEquals(code, 0);
    const [min, , , samples] = stdout.trim().split(" ").map(Number);
    // Nagle's algorithm and delayed acknowledgements show as 40 ms; a busy machine does not, always.
    assert(min! < 10, stdout);
    assert(samples! >= 10, stdout);
  });

  const kinds: [string, string[]][] = [
    ["PING and GET", ["-t", "ping,get"]],
    ["PING and GET, 16 at a time", ["-t", "ping,get", "-P", "16"]],
    ["PING and GET in RESP3", ["-t", "ping,get", "-3"]],
    ["any command", ["get", "hit"]],
  ];
  for (const [name, args] of kinds) {
    await t.step(`redis-benchmark: ${name}`, async () => {
      const { code, stdout, stderr } = await run([
        ...[...benchmark, "-n", "2000", "-c", "10"],
        ...args,
      ]);
      assertEquals(code, 0, stderr);
      const tests = args[0] === "-t" ? ["PING_INLINE", "PING_MBULK", "GET"] : ["get hit"];
      for (const test of tests) assertMatch(stdout, new RegExp(`^"${test}","\\d+\\.\\d+"`, "m"));
    });
  }

  await t.step("redis-benchmark -a", async () => {
    const { code, stdout, stderr } = await run([
      ...["redis-benchmark", ...to(guarded), "-a", PASSWORD, "--csv"],
      ...["-n", "1000", "-c", "5", "-t", "get"],
    ]);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^"GET","\d/m);
    assert(!/NOAUTH/.test(stdout + stderr), stderr);
  });
});

/** Runs a program that finds itself on a terminal, and gets what is typed there. */
async function onTerminal(command: readonly string[], typed: string): Promise<Ended> {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-terminal-" });
  try {
    // Its own history stays as it is.
    const line = `REDISCLI_HISTFILE=/dev/null TERM=dumb ${command.join(" ")}`;
    return await run(["script", "-qefc", line, `${folder}/typescript`], typed);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
