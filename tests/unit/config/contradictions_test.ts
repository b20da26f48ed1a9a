import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, parseConfig } from "../../../src/config/mod.ts";

function parse(line: string, env: Record<string, string> = {}) {
  return parseConfig(line.split(" "), env, () => "");
}

Deno.test("serve, check and config refuse settings that cannot be used together", () => {
  const table: [line: string, message: string][] = [
    ["--tls-cert c.pem", "Cannot use --tls-cert alone: wanted --tls-key as well"],
    ["--tls-key k.pem", "Cannot use --tls-key alone: wanted --tls-cert as well"],
    [
      "--tls-cert c.pem --tls-key k.pem --proxy-protocol require",
      "Cannot use --proxy-protocol require with --tls-cert: wanted TLS that ends at the load balancer",
    ],
    [
      "--port 7000 --admin-port 7000 --listen-address 127.0.0.1",
      "Cannot use port 7000 for --port and --admin-port: wanted another --admin-port",
    ],
    [
      "--listen-address 127.0.0.1,0.0.0.0",
      "Cannot use 0.0.0.0 for --listen-address, which includes it already: wanted each address once",
    ],
    [
      "--tracking bcast --tracking-prefix ab,c,a,a,cd",
      'Cannot use overlapping prefixes "ab,c,a,a,cd" for --tracking-prefix: wanted --tracking-prefix c,a',
    ],
  ];
  for (const [line, message] of table) {
    for (const command of ["serve", "check", "config"]) {
      assertThrows(() => parse(`${command} ${line}`), ConfigError, message);
    }
    parse(`healthcheck ${line}`);
  }
});

Deno.test("a contradiction of variables names the variables", () => {
  assertThrows(
    () => parse("config", { RP_TRACKING: "bcast", RP_TRACKING_PREFIX: "a,ab" }),
    ConfigError,
    "wanted RP_TRACKING_PREFIX=a",
  );
  assertThrows(() => parse("config", { RP_TLS_KEY: "k" }), ConfigError, "RP_TLS_KEY alone");
});

Deno.test("the ports may be equal exactly where both can be listened on", () => {
  const table: [own: string, admin: string, isRefused: boolean][] = [
    ["127.0.0.1", "127.0.0.1", true],
    ["localhost", "LOCALHOST", true],
    ["127.0.0.1", "127.0.0.2", false],
    ["127.0.0.1", "0.0.0.0", true],
    ["0.0.0.0", "127.0.0.1", true],
    ["0.0.0.0", "::1", false],
    ["::", "127.0.0.1", true],
    ["::", "0.0.0.0", true],
    ["unix:///run/p.sock", "127.0.0.1", false],
  ];
  for (const [own, admin, isRefused] of table) {
    for (const more of ["", " --reuse-port"]) {
      const line = `--listen-address ${own} --admin-address ${admin} --port 7000 --admin-port`;
      const isFine = (port: number) => {
        try {
          parse(`config ${line} ${port}${more}`);
          return true;
        } catch {
          return false;
        }
      };
      assertEquals(isFine(7000), !isRefused, `${own} and ${admin}${more}`);
      assertEquals([isFine(6999), isFine(7001)], [true, true]);
    }
  }
  parse("config --port 0 --admin-port 0");
});

Deno.test("prefixes that only share a beginning, or that are not used, are fine", () => {
  parse("config --tracking bcast --tracking-prefix user:,users:,item:");
  parse("config --tracking-prefix a,ab");
  parse("config --reuse-port --listen-address 127.0.0.1,127.0.0.1");
  assertThrows(() => parse("config --listen-address unix:///a,unix:///a"), ConfigError);
});
