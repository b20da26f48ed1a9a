// `redis-proxy check` explains broken set-ups, each with the line that fixes it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { freePort, startRedisServer } from "../../tools/redis_server.ts";
import { Authority } from "../support/authority.ts";
import { assertFound, check } from "../support/check.ts";
import { LyingRedis } from "../support/lying_redis.ts";
import { ProxyProcess, startProxy } from "../support/proxy.ts";
import { redisCli } from "../support/serving.ts";

/** Runs the check in front of a Redis with these arguments. */
async function withRedis(
  work: (port: number, flags: string[]) => Promise<void>,
  args: string[] = [],
  password = "",
): Promise<void> {
  await using redis = await startRedisServer({ args, password });
  await work(redis.port, ["--redis-port", `${redis.port}`]);
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-check-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A server on loopback that answers the first bytes of each client. */
function server(answer: (conn: Deno.Conn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  (async () => {
    for await (const conn of listener) {
      open.push(conn);
      answer(conn).catch(() => {});
    }
  })().catch(() => {});
  return {
    port: (listener.addr as Deno.NetAddr).port,
    [Symbol.dispose]() {
      listener.close();
      for (const conn of open) {
        try {
          conn.close();
        } catch {
          // It is closed already.
        }
      }
    },
  };
}

Deno.test("check finds nothing wrong in front of a plain Redis, and changes nothing there", async () => {
  await withRedis(async (port, flags) => {
    const { findings, status } = await check(flags);
    assertEquals(findings.filter(({ level }) => level !== "ok"), []);
    assertEquals(status, 0);
    for (const about of ["settings", "open files", "memory", "port", "TCP", "login", "server"]) {
      assert(findings.some((one) => one.about === about), about);
    }
    for (const about of ["role", "rights", "client", "tracking"]) {
      assert(findings.some((one) => one.about === about), about);
    }
    assertEquals(await redisCli(port, "dbsize"), "0\n");
  });
});

Deno.test("check prints a line for each finding, and the line that fixes it", async () => {
  await using process = new ProxyProcess([
    ...["check", "--listen-address", "127.0.0.1", "--port", "0", "--redis-port", `${freePort()}`],
  ]);
  assertEquals((await process.status).code, 1);
  assertMatch(process.stdout, /^ok {7}settings +All values can be used/);
  assertMatch(
    process.stdout,
    /^error {4}TCP +127\.0\.0\.1:\d+ refuses connections.*\n +fix: redis-s/m,
  );
  assertMatch(process.stdout, /\n1 error, 0 warnings\n$/);
});

Deno.test("check explains a flag that does not exist and a value that cannot be used", async () => {
  const unknown = await check(["--redis-prot", "1"]);
  assertFound(unknown, ["error", "settings", /Unknown flag "--redis-prot"/, /--redis-port/]);
  assertEquals(unknown.status, 2);
  const value = await check(["--cache-memory", "lots"]);
  assertFound(value, ["error", "settings", /"lots" for --cache-memory/, /64mb/]);
  const variable = await check([], { env: { RP_CACHE_SIZ: "1" } });
  assertFound(variable, ["error", "settings", /Unknown variable RP_CACHE_SIZ/, /RP_CACHE_SIZE/]);
});

Deno.test("check explains settings that have no effect", async () => {
  await withRedis(async (_, flags) => {
    const found = await check([
      ...[...flags, "--tracking-prefix", "a:", "--socket-mode", "770", "--user", "somebody"],
      ...["--value-limit", "1gb", "--admin-address", "127.0.0.1"],
    ]);
    assertFound(found, ["warning", "settings", /--tracking-prefix has no/, /--tracking bcast/]);
    assertFound(found, ["warning", "settings", /--socket-mode has no/, /unix:/]);
    assertFound(found, ["warning", "settings", /--user has no effect/, /RP_PASSWORD/]);
    assertFound(found, [
      "warning",
      "settings",
      /--value-limit is larger/,
      /--value-limit 67108864/,
    ]);
    assertFound(found, ["warning", "settings", /--admin-address has no/, /--admin-port/]);
    assertEquals(found.status, 0);
    // The proxy itself answers GET, and refuses it if it is denied.
    const denied = await check([...flags, "--read-only", "--deny", "get"]);
    assertEquals(
      denied.findings.filter(({ about, level }) => about === "settings" && level !== "ok"),
      [],
    );
    const off = await check([
      ...[...flags, "--coherence", "off", "--tracking", "bcast", "--tracking-mode", "redirect"],
      ...["--tracking-prefix", "a:"],
    ]);
    for (const flag of ["tracking", "tracking-mode", "tracking-prefix"]) {
      const found = new RegExp(`--${flag} has no effect without coherence`);
      assertFound(off, ["warning", "settings", found, /--coherence auto/]);
    }
  });
});

Deno.test("check explains ports that are open to the network", async () => {
  await withRedis(async (_, flags) => {
    const open = ["--listen-address", "0.0.0.0", "--admin-port", "0", "--admin-address", "0.0.0.0"];
    const found = await check([...flags, ...open, "--protected-mode", "no"]);
    assertFound(found, ["warning", "exposure", /read and change every key/, /RP_PASSWORD/]);
    assertFound(found, ["warning", "exposure", /admin pages/, /--admin-address 127\.0\.0\.1/]);
    const guarded = await check([...flags, ...open]);
    assertFound(guarded, ["warning", "exposure", /can do nothing else/, /RP_PASSWORD/]);
  });
});

Deno.test("check explains a port that is in use, by another program or by a proxy", async () => {
  await withRedis(async (redisPort, flags) => {
    using other = server(async () => {});
    const taken = await check([...flags, "--port", `${other.port}`, "--redis-timeout", "200ms"]);
    assertFound(taken, ["error", "port", /is in use$/, new RegExp(`--port ${other.port + 1}`)]);
    await using proxy = await startProxy(redisPort);
    const ours = await check([...flags, "--port", `${proxy.port}`]);
    const both = /--port \d+, or --reuse-port yes for both/;
    assertFound(ours, ["error", "port", /in use by a proxy that answers: a second/, both]);
    // The rest of the set-up is checked all the same.
    assert(ours.findings.some(({ about, level }) => about === "client" && level === "ok"));
    const shared = await check([...flags, "--port", `${proxy.port}`, "--reuse-port"]);
    assertFound(shared, ["error", "port", /in use by a proxy/, both]);
    const admin = await check([...flags, "--admin-port", `${other.port}`]);
    assertFound(admin, ["error", "admin port", /is in use$/, /--admin-port \d+/]);
  });
});

Deno.test("check explains an address of another machine and a folder that is not there", async () => {
  await withRedis(async (_, flags) => {
    const address = await check([...flags, "--listen-address", "192.0.2.1"]);
    assertFound(address, ["error", "port", /Cannot listen on 192\.0\.2\.1/, /--listen-address/]);
    const socket = await check([...flags, "--listen-address", "unix:///no/such/folder/p.sock"]);
    assertFound(socket, ["error", "port", /no folder/, /mkdir -p \/no\/such\/folder/]);
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/file`, "");
      const file = await check([...flags, "--listen-address", `unix://${folder}/file`]);
      assertFound(file, ["error", "port", /Cannot listen/, /a free path, found a file/]);
      const path = `${folder}/p.sock`;
      using _other = Deno.listen({ transport: "unix", path });
      const taken = await check([...flags, "--listen-address", `unix://${path}`]);
      assertFound(taken, ["error", "port", /Cannot listen/, /found a process that listens/]);
      const free = await check([...flags, "--listen-address", `unix://${folder}/free.sock`]);
      assertEquals(free.findings.filter(({ level }) => level === "error"), []);
      const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
      assertEquals(names, ["file", "p.sock"]);
    });
  });
});

Deno.test("check explains certificates that have expired or end soon, and TLS with the PROXY protocol", async () => {
  await withFolder(async (folder) => {
    const make = async (name: string, ...dates: string[]) => {
      const files = [`${folder}/${name}.pem`, `${folder}/${name}.key`] as const;
      const { success } = await new Deno.Command("openssl", {
        args: [
          ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
          ...["-nodes", "-subj", "/CN=localhost", "-out", files[0], "-keyout", files[1], ...dates],
        ],
        stderr: "null",
      }).output();
      assert(success);
      return ["--tls-cert", files[0], "--tls-key", files[1]];
    };
    await withRedis(async (_, flags) => {
      const soon = await check([...flags, ...await make("soon", "-days", "3")]);
      assertFound(soon, ["warning", "certificate", /expires on/, /Renew .*soon\.pem/]);
      const long = await make("long", "-days", "30");
      assert(
        (await check([...flags, ...long])).findings.some(({ about, level }) =>
          about === "certificate" && level === "ok"
        ),
      );
      const both = await check([...flags, ...long, "--proxy-protocol", "require"]);
      assertFound(both, ["error", "settings", /--proxy-protocol require with/, /load balancer/]);
      const [, cert, , key] = long;
      const missing = await check([...flags, "--tls-cert", `${folder}/none`, "--tls-key", key!]);
      assertFound(missing, ["error", "certificate", /none" for --tls-cert: No such/, /readable/]);
      const keyless = await check([...flags, "--tls-cert", cert!, "--tls-key", `${folder}/none`]);
      assertFound(keyless, ["error", "certificate", /none" for --tls-key: No such/, /readable/]);
      const swapped = await check([...flags, "--tls-cert", key!, "--tls-key", key!]);
      assertFound(swapped, ["error", "certificate", /for --tls-cert$/, /PEM certificate, found/]);
      const other = await make("other", "-days", "30");
      const mixed = await check([...flags, "--tls-cert", cert!, "--tls-key", other[3]!]);
      assertFound(mixed, ["error", "certificate", /Cannot use/, /a certificate and its private/]);
      await Deno.chmod(`${folder}/long.key`, 0o644);
      const readable = await check([...flags, ...long]);
      assertFound(readable, ["warning", "files", /--tls-key/, /chmod 600 .*long\.key/]);
    });
  });
});

Deno.test("check explains a limit on open files and on memory that is too low", async () => {
  await withRedis(async (_, flags) => {
    const few = await check(flags, { limits: "ulimit -n 512" });
    assertFound(few, ["warning", "open files", /room for only \d+ clients/, /ulimit -n 1\d{4}/]);
    const none = await check(flags, { limits: "ulimit -n 48" });
    assertFound(none, ["error", "open files", /no room for a client/, /LimitNOFILE/]);
  });
});

Deno.test("check explains a host that has no address, and a port on which nobody listens", async () => {
  const name = await check(["--redis-host", "no-such-host.invalid"]);
  assertFound(name, ["error", "DNS", /No host is named no-such-host/, /--redis-host/]);
  const port = freePort();
  const refused = await check(["--redis-port", `${port}`]);
  assertFound(refused, ["error", "TCP", /refuses connections/, new RegExp(`--port ${port}`)]);
  const socket = await check(["--redis-url", "unix:///no/such/redis.sock"]);
  assertFound(socket, ["error", "Unix socket", /no socket/, /unixsocket \/no\/such\/redis\.sock/]);
});

Deno.test("check explains that the proxy would read from itself", async () => {
  const port = freePort();
  const found = await check(["--port", `${port}`, "--redis-port", `${port}`]);
  assertFound(found, ["error", "address", /would read from itself/, /--redis-port 6379/]);
});

Deno.test("check explains a server that is silent, hangs up or speaks another protocol", async () => {
  using silent = server(async () => {});
  const quiet = await check(["--redis-port", `${silent.port}`, "--redis-timeout", "200ms"]);
  assertFound(quiet, ["error", "login", /stays silent/, /log of Redis/]);
  using gone = server((conn) => Promise.resolve(conn.close()));
  const closed = await check(["--redis-port", `${gone.port}`]);
  assertFound(closed, ["error", "login", /closes the connection/, /log of Redis/]);
  using web = server(async (conn) => {
    await conn.read(new Uint8Array(100));
    await conn.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  const http = await check(["--redis-port", `${web.port}`]);
  assertFound(http, ["error", "login", /does not speak the Redis protocol/, /--redis-port/]);
});

Deno.test("check explains TLS that fails: authority, name, client certificate, and one side without", async () => {
  await withFolder(async (folder) => {
    const authority = await Authority.make(folder, "ca");
    const { cert, key } = await authority.sign("redis", ["subjectAltName=DNS:redis.example"]);
    const port = freePort();
    const tls = [
      ...["--tls-port", `${port}`, "--tls-auth-clients", "yes", "--tls-cert-file", cert],
      ...["--tls-key-file", key, "--tls-ca-cert-file", authority.files.cert],
    ];
    await withRedis(async (plainPort) => {
      const url = ["--redis-url", `rediss://127.0.0.1:${port}`];
      const trusted = [...url, "--redis-ca", authority.files.cert];
      const named = [...trusted, "--redis-server-name", "redis.example"];
      const stranger = await check(url);
      assertFound(stranger, ["error", "TLS", /no trusted authority/, /--redis-ca/]);
      const name = await check(trusted);
      assertFound(name, ["error", "TLS", /another name/, /--redis-server-name/]);
      const mutual = await check(named);
      assertFound(mutual, ["error", "TLS", /client certificate/, /--redis-cert/]);
      const shown = await check([...named, "--redis-cert", cert, "--redis-key", key]);
      assertEquals(shown.findings.filter(({ level }) => level === "error"), []);
      const plain = await check(["--redis-url", `rediss://127.0.0.1:${plainPort}`]);
      assertFound(plain, ["error", "TLS", /does not speak TLS/, /=redis:\/\/127/]);
      const secure = await check(["--redis-port", `${port}`]);
      assertFound(secure, ["error", "login", /speaks TLS on this port/, /rediss:\/\//]);
    }, tls);
  });
});

Deno.test("check explains passwords that are missing, wrong or not wanted", async () => {
  await withRedis(
    async (port, flags) => {
      const url = (login: string) => ["--redis-url", `redis://${login}127.0.0.1:${port}`];
      const missing = await check(flags);
      assertFound(missing, ["error", "login", /wants a password/, /redis:\/\/:PASSWORD@/]);
      const wrong = await check(url(":wrong@"));
      assertFound(wrong, ["error", "login", /refuses the user or the password/, /USER:PASSWORD@/]);
      const nobody = await check(url("nobody:secret@"));
      assertFound(nobody, ["error", "login", /refuses the user/, /USER:PASSWORD@/]);
      assert(!JSON.stringify(nobody.findings).includes("nobody:secret"));
      assertEquals((await check(url(":secret@"))).status, 0);
    },
    [],
    "secret",
  );
  await withRedis(async (port) => {
    const needless = await check(["--redis-url", `redis://:secret@127.0.0.1:${port}`]);
    assertFound(needless, ["warning", "login", /wants no password/, /redis:\/\/127/]);
  });
});

Deno.test("check explains a database that Redis does not have", async () => {
  await withRedis(async (port) => {
    const found = await check(["--redis-url", `redis://127.0.0.1:${port}/99`]);
    assertFound(found, ["error", "database", /refuses database 99/, /redis:\/\/HOST\/0/]);
  });
});

Deno.test("check explains a Redis that has no room, or that cannot serve yet", async () => {
  await withRedis(async (port, flags) => {
    using _only = await Deno.connect({ hostname: "127.0.0.1", port });
    await redisCli(port, "ping").catch(() => {});
    const full = await check(flags);
    assertFound(full, ["error", "login", /no room for another client/, /maxclients/]);
  }, ["--maxclients", "1"]);
  await withRedis(async (port) => {
    using lying = new LyingRedis(port, () => "-LOADING Redis is loading the dataset in memory\r\n");
    const loading = await check(["--redis-port", `${lying.port}`]);
    assertFound(loading, ["error", "login", /cannot serve yet: LOADING/, /PONG/]);
  });
});

Deno.test("check explains a replica, a cluster and a Sentinel", async () => {
  await withRedis(async (port) => {
    await withRedis(async (_, flags) => {
      const replica = await check(flags);
      assertFound(replica, ["warning", "role", /replica/, new RegExp(`--redis-port ${port}`)]);
      const reads = await check([...flags, "--read-only"]);
      assert(!reads.findings.some(({ about, level }) => about === "role" && level === "error"));
    }, ["--replicaof", `127.0.0.1 ${port}`]);
  });
  await withRedis(async (_, flags) => {
    const alone = await check([...flags, "--redis-cluster", "off"]);
    assertFound(alone, ["error", "server", /Redis Cluster/, /--redis-cluster auto/]);
    assertFound(await check(flags), ["error", "client", /CLUSTERDOWN/, /./]);
  }, ["--cluster-enabled", "yes"]);
  await withRedis(async (port) => {
    for (const field of ["redis_mode", "server_mode"]) { // of Redis and of Valkey
      const info = `redis_version:7.0.15\r\n${field}:sentinel\r\n`;
      using lying = new LyingRedis(
        port,
        ([name]) => name === "INFO" ? `$${info.length}\r\n${info}\r\n` : undefined,
      );
      const sentinel = await check(["--redis-port", `${lying.port}`]);
      assertFound(sentinel, ["error", "server", /Sentinel/, /SENTINEL MASTERS/]);
    }
  });
});

Deno.test("check explains a Redis that is too old to announce changes", async () => {
  await withRedis(async (port) => {
    const info = "redis_version:5.0.14\r\nrole:master\r\n";
    using lying = new LyingRedis(
      port,
      ([name]) => name === "INFO" ? `$${info.length}\r\n${info}\r\n` : undefined,
    );
    const old = await check(["--redis-port", `${lying.port}`]);
    assertFound(old, ["warning", "server", /5\.0\.14 cannot announce changes/, /6\.0 or newer/]);
  });
});

Deno.test("check explains rights that the user of Redis lacks, with the line that grants them", async () => {
  await withRedis(async (port) => {
    const url = ["--redis-url", `redis://u:p@127.0.0.1:${port}`];
    const user = async (...rights: string[]) => {
      const set = ["acl", "setuser", "u", "reset", "on", ">p", "~*", "&*", ...rights];
      assertEquals(await redisCli(port, ...set), "OK\n");
      return await check(url);
    };
    const blind = await user("+@all", "-get");
    assertFound(blind, ["error", "rights", /may not run GET: no key/, /ACL SETUSER u \+get$/]);
    const timeless = await user("+@all", "-pttl");
    assertFound(timeless, ["warning", "rights", /PTTL: values stay/, /u \+pttl$/]);
    const slow = await user("+@all", "-getrange", "-strlen");
    assertFound(slow, ["warning", "rights", /GETRANGE, STRLEN: a large/, /u \+getrange \+strlen$/]);
    const whole = await user("+@all", "-watch");
    assertFound(whole, ["warning", "rights", /WATCH: large values are read whole/, /u \+watch$/]);
    const roleless = await user("+@all", "-role", "-info");
    assertFound(roleless, ["warning", "rights", /ROLE: a master that becomes/, /u \+role$/]);
    const untold = await user("+@all", "-client|tracking");
    assertFound(untold, ["warning", "rights", /CLIENT TRACKING: Redis announces/, /\+client\|tra/]);
    assertFound(untold, ["warning", "tracking", /announces no changes/, /client\|tracking/]);
    const required = await check([...url, "--coherence", "required"]);
    assertFound(required, ["error", "rights", /CLIENT TRACKING/, /\+client\|tracking/]);
    const mute = await user("+@all", "-info");
    assertFound(mute, ["warning", "server", /does not tell its version/, /\+info/]);
    const deaf = await user("+@all", "resetchannels");
    assert(!deaf.findings.some(({ about, level }) => about === "rights" && level !== "ok"));
    const redirected = await check([...url, "--tracking-mode", "redirect"]);
    assertFound(redirected, ["warning", "rights", /SUBSCRIBE/, /&__redis__:invalidate/]);
  });
});

Deno.test("check explains commands that Redis has under another name", async () => {
  await withRedis(async (_, flags) => {
    const found = await check(flags);
    assertFound(found, ["warning", "rights", /does not have CLIENT/, /rename-command CLIENT/]);
  }, ["--rename-command", "CLIENT", ""]);
});

Deno.test("check explains limits of Redis that are too low for this cache", async () => {
  await withRedis(async (_, flags) => {
    const found = await check(flags);
    assertFound(found, ["warning", "tracking", /follows at most 100 keys/, /max-keys 20000/]);
    assertFound(found, ["warning", "maxclients", /accepts 200 clients/, /maxclients 1016/]);
    assertFound(found, ["warning", "output buffer", /1048576 bytes/, /normal 0 0 0/]);
  }, [
    ...["--tracking-table-max-keys", "100", "--maxclients", "200"],
    ...["--client-output-buffer-limit", "normal 1mb 0 0"],
  ]);
});

Deno.test("check logs in as a client if clients need a password", async () => {
  await withRedis(async (_, flags) => {
    const { findings, status } = await check(flags, { env: { RP_PASSWORD: "open sesame" } });
    assertEquals([status, findings.filter(({ level }) => level === "error")], [0, []]);
    assert(findings.some(({ about, level }) => about === "client" && level === "ok"));
  });
});

Deno.test("check explains a log and a warm file whose folder is not there", async () => {
  const found = await check([
    ...["--redis-port", `${freePort()}`, "--access-log", "/no/such/folder/log"],
    ...["--warm-file", "/no/folder/warm"],
  ]);
  assertFound(found, ["error", "files", /--access-log/, /mkdir -p \/no\/such\/folder$/]);
  assertFound(found, ["error", "files", /--warm-file/, /mkdir -p \/no\/folder$/]);
});

Deno.test("check explains a log and a warm file that cannot be opened, and leaves no new file", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "lines");
    await withRedis(async (_, flags) => {
      const wrong = await check([...flags, "--access-log", folder, "--warm-file", folder]);
      assertFound(wrong, ["error", "files", /for --access-log: /, /a file to write/]);
      assertFound(wrong, ["error", "files", /for --warm-file: /, /a file to read and write/]);
      const well = await check([
        ...[...flags, "--access-log", `${folder}/file`, "--warm-file", `${folder}/new`],
      ]);
      assertEquals(well.findings.filter(({ level }) => level !== "ok"), []);
      assertEquals(Array.from(Deno.readDirSync(folder), ({ name }) => name), ["file"]);
      assertEquals(await Deno.readTextFile(`${folder}/file`), "lines");
    });
  });
});

Deno.test("check explains names of commands that Redis does not have", async () => {
  await withRedis(async (_, flags) => {
    const names = ["--deny", "nosuchcommand,get", "--allow", "@nosuchthing"];
    const found = await check([...flags, ...names]);
    assertFound(found, ["warning", "commands", /--deny nosuchcommand has no effect/, /--deny/]);
    assertFound(found, ["warning", "commands", /no such category.*@nosuchthing/, /--allow/]);
    assertEquals(found.findings.filter(({ about }) => about === "commands").length, 2);
  });
});

Deno.test("check, config and serve refuse the same contradictions of settings", async () => {
  const port = `${freePort()}`;
  const cases: [flags: string[], found: RegExp, fix: RegExp][] = [
    [["--tls-cert", "/nope"], /--tls-cert alone/, /--tls-key as well/],
    [["--tls-key", "/nope"], /--tls-key alone/, /--tls-cert as well/],
    [
      ["--tracking", "bcast", "--tracking-prefix", "a,ab"],
      /overlapping prefixes "a,ab"/,
      /--tracking-prefix a$/,
    ],
    [["--port", port, "--admin-port", port], /--port and --admin-port/, /another --admin-port/],
  ];
  for (const [flags, found, fix] of cases) {
    const checked = await check(flags);
    assertFound(checked, ["error", "settings", found, fix]);
    for (const command of ["serve", "config"]) {
      await using process = new ProxyProcess([command, ...flags]);
      assertEquals((await process.status).code, 2, command);
      assertMatch(process.stderr, found);
    }
  }
});
