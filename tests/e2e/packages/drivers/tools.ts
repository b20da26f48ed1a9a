// The programs that come with Redis: redis-cli in the modes that look at all keys or at all clients,
// and redis-benchmark with all its tests.
import { PLACE, run, say, until } from "./driver.ts";

const WHERE = ["-h", PLACE.host, "-p", `${PLACE.port}`];

/** Runs a program to its end; returns its output, and the status if it failed. */
async function output(program: string, args: readonly string[], input = ""): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...WHERE, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const ended = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await ended;
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return code === 0 ? text : `${text}(exit ${code})`;
}

const cli = (...args: string[]) => output("redis-cli", args);

/** Lines that do not depend on the order in which keys were found. */
function sorted(text: string): string[] {
  return text.split("\n").filter((line) => line !== "").sort();
}

/**
 * The findings of the tools for keys: each names one of the biggest keys, and how many there are.
 */
function summary(text: string): string[] {
  const at = text.indexOf("-------- summary");
  return sorted(text.slice(at)).filter((line) => /^(Biggest|Sampled|\d+ \w+ with)/.test(line));
}

async function keys(): Promise<void> {
  const commands = Array.from(
    { length: 1000 },
    (_, index) => `SET key:${index} ${"x".repeat(index)}`,
  );
  commands.push(
    "RPUSH list a b c",
    "HSET hash f v g w",
    "SADD set m",
    "ZADD zset 1 m",
    "XADD s 1-1 a b",
  );
  commands.push("NOSUCH", "GET key:1");
  const piped = await output("redis-cli", ["--pipe"], commands.join("\r\n") + "\r\n");
  say("--pipe", piped.split("\n"));
  say("--scan", sorted(await cli("--scan")).length);
  say("--scan --pattern", sorted(await cli("--scan", "--pattern", "key:99?")));
  say("--bigkeys", summary(await cli("--bigkeys")));
  const sizes = summary(await cli("--memkeys"));
  // Several strings share the maximum size.
  say("--memkeys", sizes.filter((line) => !line.startsWith("Biggest string")));
  say("--hotkeys", (await cli("--hotkeys")).split("\n").slice(-2));
}

async function talk(): Promise<void> {
  for (const protocol of ["-2", "-3"]) {
    say(`${protocol} hash`, await cli(protocol, "hgetall", "hash"));
    say(
      `${protocol} json`,
      await cli(protocol, "--json", "zrange", "zset", "0", "-1", "withscores"),
    );
    const lines = "select 1\nset k v\nget k\nselect 0\nget k\nmulti\nincr n\nexec\ninfo nosuch\n";
    say(`${protocol} lines`, await output("redis-cli", [protocol], `${lines}del n\n`));
  }
  say("another database", await cli("-n", "1", "get", "k"));
  say("standard input", await output("redis-cli", ["-x", "set", "from stdin"], "text"));
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(script, "return {KEYS[1], ARGV[1], redis.call('GET', KEYS[1])}");
  say("--eval", await cli("--eval", script, "from stdin", ",", "argument"));
  await Deno.remove(script);
  say("-r", await cli("-r", "3", "-i", "0.01", "incr", "again"));
}

/** The output of `redis-cli monitor` about other clients. */
async function monitor(): Promise<void> {
  const child = new Deno.Command("redis-cli", { args: [...WHERE, "monitor"], stdout: "piped" })
    .spawn();
  let seen = "";
  const reading = (async () => {
    for await (const bytes of child.stdout) seen += new TextDecoder().decode(bytes);
  })();
  await until("the monitor to begin", () => seen.startsWith("OK"));
  for (let index = 0; index < 5; index++) await cli("set", "watched", `${index}`);
  await cli("-n", "2", "lpush", "watched", "é");
  await until("the monitor to see", () => seen.includes("lpush"));
  child.kill("SIGTERM");
  await reading;
  await child.status;
  const lines = seen.split("\n").filter((line) => line.includes("watched"));
  say("monitor", lines.map((line) => line.replace(/^[\d.]+ \[(\d+) [\d.:]+\]/, "$1")));
}

/** Every test of redis-benchmark ends without an error, and leaves the same keys as in Redis. */
async function benchmark(): Promise<void> {
  for (const args of [[], ["-P", "16"], ["-3", "--threads", "2"]]) {
    await cli("flushall");
    const text = await output("redis-benchmark", ["--csv", "-n", "500", "-c", "20", ...args]);
    const tests = text.split("\n").map((line) => line.split(",")[0]!).filter((name) => name !== "");
    say(`redis-benchmark ${args.join(" ")}`, [tests, /NOPERM|ERR|rror/.exec(text)?.[0]]);
    say("keys", sorted(await cli("--scan")));
    say("list", await cli("llen", "mylist"));
    say("counter", await cli("get", "counter:__rand_int__"));
  }
  const mixed = ["--csv", "-n", "2000", "-r", "50", "-P", "4"];
  await output("redis-benchmark", [
    ...mixed,
    "eval",
    "return redis.call('incr', KEYS[1])",
    "1",
    "total",
  ]);
  say("scripts", await cli("get", "total"));
}

await run(async () => {
  await keys();
  await talk();
  await monitor();
  await benchmark();
});
