import { assert, assertEquals } from "@std/assert";
import { showSettings } from "../../../src/app/show_settings.ts";
import { parseConfig } from "../../../src/config/mod.ts";
import { FLAGS } from "../../../src/config/settings.ts";

const MB = 1024 * 1024;

function shown(args: string[], env: Record<string, string> = {}, limit: number | null = null) {
  const config = parseConfig(["config", ...args], env, () => "from a file");
  return showSettings(config, limit);
}

Deno.test("config shows each setting with its value and where it comes from", () => {
  const lines = shown(["--port", "9000"], { RP_CACHE_SIZE: "7" }).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.split(/ +/)[0]), [...FLAGS]);
  const of = (flag: string) => lines.find((line) => line.startsWith(`${flag} `))!.split(/ +/);
  assertEquals(of("port"), ["port", "9000", "--port"]);
  assertEquals(of("cache-size"), ["cache-size", "7", "RP_CACHE_SIZE"]);
  assertEquals(of("redis-host"), ["redis-host", "127.0.0.1", "default"]);
  assertEquals(of("tls-cert"), ["tls-cert", "-", "default"]);
});

Deno.test("config --json gives an object by flag", () => {
  const settings = JSON.parse(shown(["--json", "--port=9000"]));
  assertEquals(Object.keys(settings), [...FLAGS]);
  assertEquals(settings.port, { variable: "RP_PORT", value: "9000", source: "flag" });
  assertEquals(settings["tls-key"], { variable: "RP_TLS_KEY", value: null, source: "default" });
});

Deno.test("config shows no secret, wherever it was given", () => {
  const secret = "ge/he@im";
  const url = `redis://user:${encodeURIComponent(secret)}@host:6390/3`;
  const pages = [
    shown(["--json"], { RP_PASSWORD: secret, RP_REDIS_URL: url }),
    shown([], { RP_PASSWORD: secret, RP_REDIS_URL: "unix://:ge@/run/redis.sock" }),
    shown(["--redis-url", url, "--password-file", "/secret"]),
  ];
  for (const page of pages) {
    assert(!/ge\/?he|ge%2Fhe|:ge@|from a file/.test(page), page);
  }
  assertEquals(JSON.parse(pages[0]!)["redis-url"].value, "redis://***@host:6390/3");
  assertEquals(JSON.parse(pages[0]!).password.value, "***");
});

Deno.test("config shows the defaults that follow from other settings and from the memory limit", () => {
  const of = (args: string[], limit: number | null, flag: string) =>
    JSON.parse(shown(["--json", ...args], {}, limit))[flag];
  const small = of([], 128 * MB, "cache-memory");
  assertEquals(small.source, "derived");
  assert(Number(small.value) < 64 * MB);
  assertEquals(of([], null, "cache-memory").source, "default");
  assertEquals(of(["--cache-memory", "50mb"], 128 * MB, "cache-memory").value, "50mb");
  assertEquals(of([], null, "value-limit").value, `${MB}`);
  assertEquals(of(["--stale-if-error", "1m"], null, "resp-freshness").value, "stale");
  assertEquals(of(["--resp-freshness", "fenced"], null, "resp-freshness").source, "flag");
});
