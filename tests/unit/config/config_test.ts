import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, helpPage, parseConfig } from "../../../src/config/mod.ts";
import type { OriginAddress } from "../../../src/origin/address.ts";
import { FLAGS, type Setting, SETTINGS, variableOf } from "../../../src/config/settings.ts";

type Env = Record<string, string>;

/** Made by `openssl req -x509 -newkey ed25519 -nodes -subj /CN=test`. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBNDCB56ADAgECAhQ89dEwde9CSGtfncRraWOMCHO+aDAFBgMrZXAwDzENMAsG
A1UEAwwEdGVzdDAgFw0yNjExMjYwMTEzMjhaGA8yMTI2MTEwMjAxMTMyOFowDzEN
MAsGA1UEAwwEdGVzdDAqMAUGAytlcAMhADKFEWGDgh95tw++wvta8hCNQP+LCtDm
OtzsCZY9x3nBo1MwUTAdBgNVHQ4EFgQUIRDiJu/KWon7+sTcc2JtTJocLg8wHwYD
VR0jBBgwFoAUIRDiJu/KWon7+sTcc2JtTJocLg8wDwYDVR0TAQH/BAUwAwEB/zAF
BgMrZXADQQBwnS1Rjz16KUVFsUSrJbyhZ3U4sX0WeyUrF3DFcqfU1F/iwVhhmQd+
IR5uycwX86THGOjrCMV/b3iYpqI5UvEE
-----END CERTIFICATE-----
`;

function readFile(path: string): string {
  if (path === "/ca.pem") return CERTIFICATE;
  if (path === "/password") return "open sesame\r\n";
  if (path === "/empty") return "\n";
  throw new Deno.errors.NotFound("No such file");
}

const parse = (args: string[], env: Env = {}) => parseConfig(args, env, readFile);

/** The message for a configuration that cannot be used. */
function refusal(args: string[], env: Env = {}): string {
  return assertThrows(() => parse(args, env), ConfigError).message;
}

/** For each setting, a text that is not its default, and the value of that text. */
const TEXTS: Partial<Record<string, [string, unknown]>> = {
  "listen-address": ["127.0.0.1", [{ host: "127.0.0.1", socket: null }]],
  "socket-mode": ["770", 0o770],
  "port": ["0", 0],
  "redis-host": ["redis.example", "redis.example"],
  "redis-port": ["6380", 6380],
  "redis-timeout": ["2.5", 2500],
  "client-limit": ["1", 1],
  "client-queue": ["0", 0],
  "queue-timeout": [".5", 500],
  "max-clients": ["5", 5],
  "idle-timeout": ["0", 0],
  "request-timeout": ["1", 1000],
  "write-timeout": ["1", 1000],
  "user": ["reader", "reader"],
  "max-request": ["1mb", 2 ** 20],
  "reply-memory": ["1mb", 2 ** 20],
  "cache-size": ["7", 7],
  "cache-memory": ["2gb", 2 ** 31],
  "cache-timeout": ["0.001", 1],
  "shutdown-timeout": ["0", 0],
  "log-level": ["debug", "debug"],
  "log-format": ["json", "json"],
};

Deno.test("parseConfig() returns the defaults, and serves if no command is given", () => {
  const { command, values, origin } = parse([]);
  assertEquals(command, "serve");
  const { port, "cache-size": size, "cache-timeout": ttl, "client-limit": limit } = values;
  assertEquals([values["listen-address"], port], [[{ host: "0.0.0.0", socket: null }], 8080]);
  assertEquals([size, ttl, limit], [10_000, 30_000, 64]);
  assertEquals([origin.host, origin.port, origin.tls], ["127.0.0.1", 6379, null]);
});

Deno.test("parseConfig() prefers a flag to a variable and a variable to a default, for each setting", () => {
  for (const [flag, [text, value]] of Object.entries(TEXTS) as [string, [string, unknown]][]) {
    const of = (args: string[], env: Env = {}) =>
      (parse(args, env).values as unknown as Record<string, unknown>)[flag];
    const variable = variableOf(flag);
    const { fallback } = SETTINGS[flag as keyof typeof SETTINGS];
    assertEquals(of([`--${flag}`, text]), value, flag);
    assertEquals(of([`--${flag}=${text}`]), value, flag);
    assertEquals(of([], { [variable]: text }), value, variable);
    assertEquals(of([`--${flag}`, text], { [variable]: fallback! }), value, flag);
    assertEquals(of([], { [variable]: "" }), of([]), `empty ${variable}`);
  }
});

Deno.test("parseConfig() reads a Redis URL, with escapes in user and password", () => {
  const { origin } = parse(["--redis-url", "rediss://us%40er:p%3Aw%2F%C3%A9@host.example:6390/3"]);
  assertEquals(origin, {
    socket: null,
    host: "host.example",
    port: 6390,
    username: "us@er",
    password: "p:w/é",
    database: 3,
    tls: { authorities: null, identity: null, serverName: null },
  });
  const short = parse([], { RP_REDIS_URL: "redis://[::1]" }).origin;
  assertEquals([short.host, short.port, short.database, short.tls], ["::1", 6379, 0, null]);
  assertEquals([short.username, short.password], [null, null]);
});

Deno.test("parseConfig() reads the Unix socket of Redis from a URL", () => {
  const plain = { host: "", port: 0, tls: null, username: null, password: null, database: 0 };
  const longest = `/${"x".repeat(106)}`;
  const table: [url: string, parts: Partial<OriginAddress>][] = [
    ["unix:///run/redis.sock", { socket: "/run/redis.sock" }],
    ["unix:/run/redis.sock", { socket: "/run/redis.sock" }],
    ["redis+unix:///run/redis.sock", { socket: "/run/redis.sock" }],
    ["unix:///run/a%20b%3F.sock?db=15", { socket: "/run/a b?.sock", database: 15 }],
    ["unix://:p%40ss@/run/r?db=0", { socket: "/run/r", password: "p@ss" }],
    ["unix://us%3Aer:pass@/r", { socket: "/r", username: "us:er", password: "pass" }],
    [`unix://${longest}`, { socket: longest }],
  ];
  for (const [url, parts] of table) {
    assertEquals(parse(["--redis-url", url]).origin, { ...plain, ...parts } as OriginAddress, url);
  }
});

Deno.test("parseConfig() reads a master behind sentinels, in each form of its URL", () => {
  const [s1, s2] = [{ host: "s1", port: 26379 }, { host: "s2", port: 7000 }];
  const table: [url: string, master: string, parts: Partial<OriginAddress>][] = [
    ["redis+sentinel://main@s1,s2:7000", "main", {}],
    ["redis+sentinel://main@s1,s2:7000/3", "main", { database: 3 }],
    ["redis+sentinel://us%40er:p%40ss@main@s1:26379,s2:7000/", "main", {
      username: "us@er",
      password: "p@ss",
    }],
    ["redis+sentinel://:pass@main@s1,s2:7000", "main", { password: "pass" }],
    ["redis+sentinel://s1,s2:7000/main/3", "main", { database: 3 }],
    ["redis+sentinel://:pass@s1,s2:7000/main", "main", { password: "pass" }],
    ["redis-sentinel://:pass@s1,s2:7000/3#main", "main", { password: "pass", database: 3 }],
    ["redis+sentinel://my-master.1@s1,s2:7000", "my-master.1", {}],
  ];
  for (const [url, master, parts] of table) {
    const { origin, sentinel } = parse(["--redis-url", url]);
    const plain = { username: null, password: null, database: 0, tls: null };
    assertEquals(origin, { socket: null, host: "", port: 0, ...plain, ...parts }, url);
    assertEquals(sentinel, {
      master,
      sentinels: [s1, s2].map((place) => ({ socket: null, ...plain, ...place })),
    }, url);
  }
  const { origin, sentinel } = parse(["--redis-url", "rediss+sentinel://m@[::1]:1"]);
  assertEquals([origin.tls !== null, sentinel!.sentinels[0]!.tls === origin.tls], [true, true]);
  assertEquals(sentinel!.sentinels[0]!.host, "::1");
});

Deno.test("parseConfig() takes the user and the password of sentinels, which are not those of Redis", () => {
  const url = "redis+sentinel://user:of-redis@main@s1";
  const whose = (args: string[], env: Env = {}) => {
    const { sentinel, origin } = parse(["--redis-url", url, ...args], env);
    const [{ username, password }] = sentinel!.sentinels as [OriginAddress];
    return [username, password, origin.username, origin.password];
  };
  assertEquals(whose([]), [null, null, "user", "of-redis"]);
  const user = ["--sentinel-user", "watcher"];
  assertEquals(whose(user, { RP_SENTINEL_PASSWORD: "s" }), ["watcher", "s", "user", "of-redis"]);
  const file = ["--sentinel-password-file", "/password"];
  assertEquals(whose(file), [null, "open sesame", "user", "of-redis"]);
  assertEquals(
    refusal(["--redis-url", url, ...file], { RP_SENTINEL_PASSWORD: "s" }),
    "Cannot use RP_SENTINEL_PASSWORD together with --sentinel-password-file: wanted one of the two",
  );
  assertEquals(
    refusal(["--redis-url", "redis://h", ...user]),
    "Cannot use --sentinel-user without sentinels: wanted --redis-url redis+sentinel://...",
  );
});

Deno.test("parseConfig() reads the password of Redis from a file, but not from two places", () => {
  const file = ["--redis-password-file", "/password"];
  const url = ["--redis-url", "redis://app@h"];
  const { username, password } = parse([...url, ...file]).origin;
  assertEquals([username, password], ["app", "open sesame"]);
  assertEquals(parse(file).origin.password, "open sesame");
  const sentinel = ["--redis-url", "redis+sentinel://app:@m@s1"];
  assertEquals(parse([...sentinel, ...file]).origin.password, "open sesame");
  assertEquals(
    refusal(["--redis-url", "redis://:p@h", ...file]),
    "Cannot use --redis-password-file together with a password in --redis-url: wanted one of the two",
  );
});

Deno.test("parseConfig() prefers the more explicit of URL and host, and refuses both from one place", () => {
  const url = "redis://by-url:1";
  const hostOf = (args: string[], env: Env) => parse(args, env).origin.host;
  assertEquals(hostOf(["--redis-url", url], { RP_REDIS_HOST: "by-variable" }), "by-url");
  assertEquals(hostOf(["--redis-host", "by-flag"], { RP_REDIS_URL: url }), "by-flag");
  assertEquals(
    refusal(["--redis-url", url, "--redis-port", "1"]),
    "Cannot use --redis-url together with --redis-port: wanted one of the two",
  );
  assertEquals(
    refusal([], { RP_REDIS_URL: url, RP_REDIS_HOST: "h" }),
    "Cannot use RP_REDIS_URL together with RP_REDIS_HOST: wanted one of the two",
  );
});

Deno.test("parseConfig() reads the certificates to trust, or names the setting with the bad path", () => {
  const { tls } = parse(["--redis-url", "rediss://h", "--redis-ca", "/ca.pem"]).origin;
  assertEquals(tls?.authorities, CERTIFICATE);
  const message = refusal(["--redis-url", "rediss://h"], { RP_REDIS_CA: "/none" });
  assert(message.startsWith('Cannot read "/none" for RP_REDIS_CA: wanted a readable file'));
});

const REFUSED: [string[], Env, string][] = [
  [["--port", "abc"], {}, 'Cannot use "abc" for --port: wanted a whole number from 0 to 65535'],
  [["--port"], {}, 'Cannot use "" for --port: wanted a whole number from 0 to 65535'],
  [["--port", "65536"], {}, 'Cannot use "65536" for --port'],
  [["--cluster-mode", "on"], {}, 'Cannot use "on" for --cluster-mode: wanted'],
  [["--cluster-announce", "h:1"], {}, "Cannot use --cluster-announce with --cluster-mode hide"],
  [["--cluster-announce", "::1"], {}, 'Cannot use "::1" for --cluster-announce: wanted'],
  [["--cluster-announce", "a:1,b:1"], {}, 'Cannot use "a:1,b:1" for --cluster-announce: wanted'],
  [["--port", "0x50"], {}, 'Cannot use "0x50" for --port'],
  [["--port", "1e3"], {}, 'Cannot use "1e3" for --port'],
  [["--port=-1"], {}, 'Cannot use "-1" for --port'],
  [[], { RP_PORT: "http" }, 'Cannot use "http" for RP_PORT'],
  [[], { RP_PORT: " 80" }, 'Cannot use " 80" for RP_PORT'],
  [["--redis-port", "0"], {}, 'Cannot use "0" for --redis-port: wanted a whole number from 1'],
  [["--cache-size", "0"], {}, 'Cannot use "0" for --cache-size'],
  [["--cache-size", "1.5"], {}, 'Cannot use "1.5" for --cache-size'],
  [["--cache-memory", "64 mb"], {}, 'Cannot use "64 mb" for --cache-memory'],
  [["--cache-memory", "10"], {}, 'Cannot use "10" for --cache-memory'],
  [["--cache-timeout", "30x"], {}, 'Cannot use "30x" for --cache-timeout: wanted a duration'],
  [["--redis-timeout", "0"], {}, 'Cannot use "0" for --redis-timeout'],
  [["--redis-timeout", "1e2"], {}, 'Cannot use "1e2" for --redis-timeout'],
  [["--redis-timeout", "3000000"], {}, 'Cannot use "3000000" for --redis-timeout'],
  [["--log-level", "loud"], {}, 'Cannot use "loud" for --log-level: wanted one of error, warn,'],
  [["--log-format", "JSON"], {}, 'Cannot use "JSON" for --log-format: wanted one of text, json'],
  [["--redis-host", "a b"], {}, 'Cannot use "a b" for --redis-host: wanted a host name'],
  [
    ["--redis-host", "127.0.0.1:7379"],
    {},
    'Cannot use "127.0.0.1:7379" for --redis-host: wanted the host alone, and the port in --redis-port 7379',
  ],
  [
    [],
    { RP_REDIS_HOST: "[::1]:7379" },
    'Cannot use "[::1]:7379" for RP_REDIS_HOST: wanted the host a',
  ],
  [
    ["--listen-address", "0.0.0.0:80"],
    {},
    'Cannot use "0.0.0.0:80" for --listen-address: wanted the host alone, and the port in --port 80',
  ],
  [
    ["--redis-host", "redis://h"],
    {},
    'Cannot use "redis://h" for --redis-host: wanted a host; a URL goes into --redis-url',
  ],
  [
    ["--redis-host", "/run/redis.sock"],
    {},
    'Cannot use "/run/redis.sock" for --redis-host: wanted a host; a Unix socket goes into ' +
    "--redis-url unix:///run/redis.sock",
  ],
  [["--redis-url", "http://host"], {}, "Cannot use its value for --redis-url: wanted redis://"],
  [["--redis-url", "redis://host/x"], {}, "Cannot use its value for --redis-url"],
  ...["s1,s2", "user:password@s1", "m@s1:0", "m@s1,", "m@", "m@s1/x/y", "m@s1/3?a=b", "%zz@s1"].map(
    (
      rest,
    ): [string[], Env, string] => [
      ["--redis-url", `redis+sentinel://${rest}`],
      {},
      "Cannot use its value for --redis-url: wanted redis+sentinel://[user:password@]name@host",
    ],
  ),
  [["--redis-url", "redis://host:0"], {}, "Cannot use its value for --redis-url"],
  [["--redis-url", "redis://host:70000"], {}, "Cannot use its value for --redis-url"],
  [["--redis-url", "redis://host?db=1"], {}, "Cannot use its value for --redis-url"],
  [["--redis-url", "unix://run/redis.sock"], {}, "Cannot use its value for --redis-url"],
  [["--redis-url", "unix:redis.sock"], {}, "Cannot use its value for --redis-url"],
  [["--redis-url", "unix:///run/redis.sock?db=x"], {}, "Cannot use its value for --redis-url"],
  [["--redis-url", "unix:///run/%zz"], {}, "Cannot use its value for --redis-url"],
  [
    ["--redis-url", `unix:///${"x".repeat(107)}`],
    {},
    "Cannot use its value for --redis-url: wanted a path of at most 107 bytes",
  ],
  [
    ["--deny", "keys,flushal"],
    {},
    'Cannot use "keys,flushal" for --deny: wanted names of commands: did you mean flushall, not flushal?',
  ],
  [
    ["--allow", "@dangerus"],
    {},
    'Cannot use "@dangerus" for --allow: wanted names of commands: did you mean @dangerous, not @dangerus?',
  ],
  [
    [],
    { RP_DENY: "client|kil" },
    'Cannot use "client|kil" for RP_DENY: wanted names of commands: did you mean client|kill, not',
  ],
  [
    ["--deny", "cleint|kill"],
    {},
    'Cannot use "cleint|kill" for --deny: wanted names of commands: ',
  ],
  [["--deny", "a b"], {}, 'Cannot use "a b" for --deny: wanted names of commands and @categories'],
  [[], { RP_REDIS_URL: "redis://:%ff@host" }, "Cannot use its value for RP_REDIS_URL"],
  [[], { RP_REDIS_URL: "redis://:%zz@host" }, "Cannot use its value for RP_REDIS_URL"],
];

Deno.test("parseConfig() refuses a wrong value with its place, the value and what is wanted", () => {
  for (const [args, env, start] of REFUSED) {
    const message = refusal(args, env);
    assertEquals(message.slice(0, start.length), start);
    assert(/: wanted /.test(message) && !message.includes("\n"), message);
  }
});

Deno.test("parseConfig() shows no password, wherever it stands", () => {
  const url = "redis://user:geheim@host:x/";
  const messages = [
    refusal(["--redis-url", url]),
    refusal([], { RP_REDIS_URL: url }),
    refusal([url]),
    refusal(["--redis-urll", url]),
    refusal([`--redis-urll=${url}`]),
    refusal([`-redis-url=${url}`]),
    refusal(["--port", url]),
    refusal(["--redis-host", url]),
    refusal(["--redis-host", "redis://user:ge/geheim@host"]),
    refusal([], { RP_REDIS_HOST: url }),
  ];
  assertEquals(messages.filter((message) => message.includes("geheim")), []);
});

Deno.test("parseConfig() gives help and version even if something else is wrong", () => {
  assertEquals(parse(["--help", "--port", "x"]).command, "help");
  assertEquals(parse(["help", "--prot", "x"], { RP_PROT: "x" }).command, "help");
  assertEquals(parse(["--version"], { RP_PORT: "x", RP_REDIS_CA: "/none" }).command, "version");
});

Deno.test("parseConfig() accepts several listen addresses, including Unix sockets", () => {
  const of = (text: string) => parse(["--listen-address", text]).values["listen-address"];
  const host = (host: string) => ({ host, socket: null });
  const socket = (socket: string) => ({ host: null, socket });
  assertEquals(of("127.0.0.1, [::1]"), [host("127.0.0.1"), host("::1")]);
  assertEquals(of("unix:///run/p.sock"), [socket("/run/p.sock")]);
  assertEquals(of("localhost,unix:/run/a%2Cb"), [host("localhost"), socket("/run/a,b")]);
  for (const text of ["", "unix:", "unix:p.sock", "unix://p.sock", "a,,b", "/run/p.sock"]) {
    assert(refusal(["--listen-address", text]).includes("or unix:///path, with commas"), text);
  }
  const long = `unix:///${"x".repeat(107)}`;
  assert(
    refusal(["--listen-address", long]).endsWith(
      "wanted a path of at most 107 bytes, with valid escapes",
    ),
  );
});

Deno.test("parseConfig() reads the permissions of a socket in octal", () => {
  const of = (text: string) => parse(["--socket-mode", text]).values["socket-mode"];
  assertEquals(["700", "0666", "000"].map(of), [0o700, 0o666, 0]);
  for (const text of ["", "8", "70", "788", "7777", "rwx"]) refusal(["--socket-mode", text]);
});

Deno.test("parseConfig() accepts an IPv6 address with or without brackets", () => {
  for (const [text, host] of [["::1", "::1"], ["[::1]", "::1"], ["fe80::1%eth0", "fe80::1%eth0"]]) {
    assertEquals(parse(["--redis-host", text!]).origin.host, host);
  }
});

Deno.test("helpPage() lists each setting with its variable and its default", () => {
  const page = helpPage("1.2.3");
  assert(page.startsWith("redis-proxy 1.2.3: "));
  for (const flag of FLAGS) {
    const setting: Setting<unknown> = SETTINGS[flag];
    const head = setting.variableOnly
      ? `(no flag) ${"".padEnd(26)} ${variableOf(flag)}`
      : `--${flag} `;
    const at = page.indexOf(flag === "port" ? `  -p, ${head}` : `  ${head}`);
    assert(at >= 0, flag);
    const entry = page.slice(at).split("\n").slice(0, 2).join("\n");
    assert(entry.includes(variableOf(flag)), entry);
    const { fallback } = SETTINGS[flag];
    if (fallback !== null) assert(entry.endsWith(` [${fallback}]`), entry);
  }
  const long = page.split("\n").filter((line) => line.length > 100);
  assertEquals(long, []);
});

Deno.test("parseConfig() reads a password from its variable or from a file, the flag first", () => {
  const lets = (password: string, args: string[], env: Env = {}) =>
    parse(args, env).credentials.check("default", password);
  assertEquals(parse([]).credentials.required, false);
  assertEquals(parse([], { RP_PASSWORD: "x" }).credentials.required, true);
  assert(lets("x", [], { RP_PASSWORD: "x" }));
  assert(lets("open sesame", [], { RP_PASSWORD_FILE: "/password" }));
  assert(lets("open sesame", ["--password-file", "/password"], { RP_PASSWORD: "x" }));
  assertEquals(lets("x", ["--user", "reader"], { RP_PASSWORD: "x" }), false);
});

Deno.test("parseConfig() refuses a password on the command line, in two places, or empty", () => {
  const messages = [
    refusal(["--password", "geheim"]),
    refusal(["--password=geheim"]),
    refusal([], { RP_PASSWORD: "geheim", RP_PASSWORD_FILE: "/password" }),
    refusal(["--password-file", "/empty"]),
    refusal(["--password-file", "/none"]),
  ];
  assert(messages[0]!.includes("from the command line") && messages[0]!.includes("RP_PASSWORD"));
  assertEquals(messages[1], messages[0]);
  assert(messages[2]!.includes("wanted one of the two"), messages[2]);
  assert(messages[3]!.includes("wanted a password, found an empty file"), messages[3]);
  assert(messages[4]!.includes("wanted a readable file"), messages[4]);
  assertEquals(messages.filter((message) => message.includes("geheim")), []);
});
