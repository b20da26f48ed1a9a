// TLS between the proxy and Redis.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { askRedis, freePort, startRedisServer } from "../../tools/redis_server.ts";
import { Authority } from "../support/authority.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { ProxyProcess, ROOT, startProxy } from "../support/proxy.ts";
import { ask, redisCli, run, until } from "../support/serving.ts";

const PASSWORD = "p:w/@%é";

/** A Redis with TLS, and the files around it. */
interface Secured {
  readonly folder: string;
  readonly authority: Authority;
  /** The port without TLS. */
  readonly plainPort: number;
  /** The port with TLS. */
  readonly port: number;
}

async function withFolder(work: (folder: string, authority: Authority) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-tls-" });
  try {
    await work(folder, await Authority.make(folder, "ca"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a Redis with the certificate that `make` makes, or with one for localhost. */
async function withTls(
  work: (it: Secured) => Promise<void>,
  make = (authority: Authority) =>
    authority.sign("redis", ["subjectAltName=DNS:localhost,IP:127.0.0.1"]),
  clients: "yes" | "no" = "no",
): Promise<void> {
  await withFolder(async (folder, authority) => {
    const { cert, key } = await make(authority);
    const port = freePort();
    await using redis = await startRedisServer({
      args: [
        ...["--tls-port", `${port}`, "--tls-auth-clients", clients],
        ...["--tls-cert-file", cert, "--tls-key-file", key],
        ...["--tls-ca-cert-file", authority.files.cert],
      ],
    });
    const cli = (...command: string[]) => redisCli(redis.port, ...command);
    assertEquals(
      await cli("acl", "setuser", "reader", "on", `>${PASSWORD}`, "~*", "+@all"),
      "OK\n",
    );
    assertEquals(await cli("-n", "3", "set", "key", "by TLS"), "OK\n");
    await work({ folder, authority, plainPort: redis.port, port });
  });
}

/** The proxy's answer for the key. */
async function read(host: string, { port, authority }: Secured, ...flags: string[]) {
  const url = ["--redis-url", `rediss://${host}:${port}/3`, "--redis-ca", authority.files.cert];
  await using proxy = await startProxy(null, [...url, ...flags]);
  return await redisCli(proxy.port, "get", "key");
}

/** The reason why a proxy has no connection to Redis. */
async function refusal(host: string, { port, authority }: Secured, ...flags: string[]) {
  await using process = new ProxyProcess([
    ...["--port", "0", "--listen-address", "127.0.0.1"],
    ...["--redis-url", `rediss://${host}:${port}/3`, "--redis-ca", authority.files.cert, ...flags],
  ]);
  const [line] = await process.logged(/No connection to Redis.*/);
  assertEquals(process.stderr.includes("Connected"), false);
  return line;
}

/** Stops a proxy, and returns its log. */
async function said(process: ProxyProcess): Promise<string> {
  await process.stop();
  return process.stdout + process.stderr;
}

Deno.test("rediss:// with user, password and database reads over TLS, and logs none of the secrets", async () => {
  await withTls(async ({ port, authority }) => {
    const url = `rediss://reader:${encodeURIComponent(PASSWORD)}@localhost:${port}/3`;
    await using proxy = await startProxy(null, [], {
      env: { RP_REDIS_URL: url, RP_REDIS_CA: authority.files.cert, RP_LOG_LEVEL: "debug" },
    });
    assertEquals(await redisCli(proxy.port, "get", "key"), "by TLS\n");
    const text = await said(proxy.process);
    assertMatch(text, new RegExp(`redis=rediss://localhost:${port}/3`));
    assert(!text.includes(PASSWORD) && !text.includes(encodeURIComponent(PASSWORD)), text);
  });
});

Deno.test("rediss:// sees a change of a key in Redis", async () => {
  await withTls(async (it) => {
    const url = ["--redis-url", `rediss://127.0.0.1:${it.port}/3`];
    await using proxy = await startProxy(null, [...url, "--redis-ca", it.authority.files.cert]);
    await proxy.process.logged(/coherence=tracked/);
    assertEquals(await redisCli(proxy.port, "get", "key"), "by TLS\n");
    await redisCli(it.plainPort, "-n", "3", "set", "key", "changed");
    const deadline = performance.now() + 10_000;
    while (await redisCli(proxy.port, "get", "key") !== "changed\n") {
      assert(performance.now() < deadline);
    }
  });
});

Deno.test("rediss:// does not trust a server whose certificate no known authority has signed", async () => {
  await withTls(async (it) => {
    const other = await Authority.make(it.folder, "other");
    assertMatch(
      await refusal("localhost", it, "--redis-ca", other.files.cert),
      /no trusted authority signed the certificate of Redis/,
    );
  });
});

Deno.test("rediss:// does not trust a forged certificate that only names the right authority", async () => {
  const forge = async (authority: Authority) =>
    await (await Authority.make(authority.folder, "forger")).sign("forged", []);
  await withTls(async (it) => {
    assertMatch(await refusal("localhost", it), /certificate/);
  }, forge);
});

Deno.test("rediss:// does not trust a certificate for another host", async () => {
  const make = (authority: Authority) => authority.sign("redis", ["subjectAltName=DNS:redis.lan"]);
  await withTls(async (it) => {
    assertMatch(
      await refusal("localhost", it),
      /for another name; --redis-server-name .*not valid for name \\"localhost/,
    );
  }, make);
});

Deno.test("--redis-server-name is the name that the certificate of Redis must have", async () => {
  const make = (authority: Authority) => authority.sign("redis", ["subjectAltName=DNS:redis.lan"]);
  await withTls(async (it) => {
    assertEquals(await read("127.0.0.1", it, "--redis-server-name", "redis.lan"), "by TLS\n");
    const line = await refusal("127.0.0.1", it, "--redis-server-name", "redis.wan");
    assertMatch(line, /not valid for name \\"redis.wan/);
  }, make);
});

Deno.test("--redis-cert and --redis-key are shown to a Redis that asks for a certificate", async () => {
  const make = (authority: Authority) => authority.sign("redis", ["subjectAltName=DNS:redis.lan"]);
  await withTls(
    async (it) => {
      const { cert, key } = await it.authority.sign("client", ["extendedKeyUsage=clientAuth"]);
      const name = ["--redis-server-name", "redis.lan"];
      const identity = ["--redis-cert", cert, "--redis-key", key];
      assertEquals(await read("127.0.0.1", it, ...name, ...identity), "by TLS\n");
      assertMatch(await refusal("127.0.0.1", it, ...name), /CertificateRequired/);
      // The proxy checks the name in this case too.
      assertMatch(await refusal("127.0.0.1", it, ...identity), /not valid for name/);
    },
    make,
    "yes",
  );
});

Deno.test("SIGHUP reads the client certificate again, for the next connection to Redis", async () => {
  await withTls(
    async (it) => {
      const first = await it.authority.sign("client", ["extendedKeyUsage=clientAuth"]);
      const successor = await Authority.make(it.folder, "successor", "/CN=successor");
      const second = await successor.sign("second", ["extendedKeyUsage=clientAuth"]);
      const url = [
        "--redis-url",
        `rediss://localhost:${it.port}`,
        "--redis-ca",
        it.authority.files.cert,
      ];
      const identity = ["--redis-cert", first.cert, "--redis-key", first.key];
      await using proxy = await startProxy(null, [...url, ...identity]);
      const { process } = proxy;
      // From now on, Redis trusts only the successor.
      await redisCli(it.plainPort, "config", "set", "tls-ca-cert-file", successor.files.cert);
      await redisCli(it.plainPort, "client", "kill", "type", "normal");
      await process.logged(/No connection to Redis/);
      await Deno.copyFile(second.cert, first.cert);
      await Deno.copyFile(second.key, first.key);
      process.kill("SIGHUP");
      await process.logged(/Reloaded .*redis-tls="?read again/);
      await until(() => process.stderr.split("Connected to Redis").length === 3);
      await Deno.writeTextFile(first.cert, "nonsense");
      process.kill("SIGHUP");
      await process.logged(/error .*redis-tls.*wanted a PEM certificate, found other text/);
    },
    undefined,
    "yes",
  );
});

Deno.test("files for TLS that cannot be used are refused at start, with a sentence", async () => {
  await withFolder(async (folder, authority) => {
    const one = await authority.sign("one", ["extendedKeyUsage=clientAuth"]);
    const two = await authority.sign("two", ["extendedKeyUsage=clientAuth"]);
    const write = async (name: string, content: string | Uint8Array) => {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
      return `${folder}/${name}`;
    };
    const ca = await Deno.readTextFile(authority.files.cert);
    const der = `${folder}/ca.der`;
    await run("openssl", ["x509", "-in", authority.files.cert, "-outform", "der", "-out", der]);
    const wrong = (path: string, found: string) =>
      `Cannot use "${path}" for --redis-ca: wanted a PEM certificate, found ${found}`;
    const files: [path: string, found: string][] = [
      [authority.files.key, "a private key"],
      [der, 'binary data; "openssl x509 -inform der -in FILE" converts a certificate in DER'],
      [await write("empty", "\n"), "an empty file"],
      [await write("text", "hello\n"), "other text"],
      [await write("cut", ca.slice(0, 300)), "one that is cut off"],
      [await write("second-cut", ca + ca.slice(0, 300)), "one that is cut off"],
      [
        await write("bad", ca.replace(/\n[^-\n]+\n/, "\nQUJD\n")),
        "one that cannot be decoded",
      ],
    ];
    const table: [args: string[], message: string][] = files.map(([path, found]) => [
      ["--redis-ca", path],
      wrong(path, found),
    ]);
    table.push(
      [["--redis-cert", one.cert], "Cannot use --redis-cert alone: wanted --redis-key as well"],
      [["--redis-key", one.key], "Cannot use --redis-key alone: wanted --redis-cert as well"],
      [
        ["--redis-cert", one.cert, "--redis-key", two.key],
        `Cannot use "${one.cert}" with "${two.key}": wanted a certificate and its private key`,
      ],
      [
        ["--redis-cert", one.key, "--redis-key", one.key],
        `Cannot use "${one.key}" for --redis-cert: wanted a PEM certificate, found a private key`,
      ],
      [
        ["--redis-cert", one.cert, "--redis-key", one.cert],
        `Cannot use "${one.cert}" for --redis-key: wanted a PEM private key, found a certificate`,
      ],
    );
    for (const [args, message] of table) {
      await using process = new ProxyProcess(["--redis-url", "rediss://localhost", ...args]);
      assertEquals((await process.status).code, 2);
      assertEquals(process.stderr.slice(0, message.length), message);
      assertEquals(process.stderr.split("\n").length, 2);
    }
  });
});

Deno.test("settings for TLS are refused if the connection to Redis does not use TLS", async () => {
  await using process = new ProxyProcess(["--redis-server-name", "redis.lan"]);
  assertEquals((await process.status).code, 2);
  const message = "Cannot use --redis-server-name without TLS: wanted --redis-url rediss://...\n";
  assertEquals(process.stderr, message);
});

/** The arguments of openssl that the documentation gives, for localhost. */
async function documented(): Promise<string[]> {
  const page = await Deno.readTextFile(`${ROOT}docs/configuration.md`);
  const [, line] = /^openssl (req -x509 .*)$/m.exec(page)!;
  return line!.replaceAll("redis.example", "localhost").split(" ");
}

async function makeSelfSigned({ folder }: Authority, args: string[]): Promise<Certificate> {
  const files = { cert: `${folder}/redis.crt`, key: `${folder}/redis.key` };
  const at = args.map((arg) => /\.(key|crt)$/.test(arg) ? `${folder}/${arg}` : arg);
  const { code, stderr } = await run("openssl", at);
  assertEquals(code, 0, stderr);
  return files;
}

Deno.test("the documented self-signed certificate is trusted by itself", async () => {
  const args = await documented();
  await withTls(async (it) => {
    const flags = ["--redis-ca", `${it.folder}/redis.crt`];
    assertEquals(await read("localhost", it, ...flags), "by TLS\n");
  }, (authority) => makeSelfSigned(authority, args));
});

Deno.test("a self-signed certificate that is marked as an authority is refused, with advice", async () => {
  const args = (await documented()).slice(0, -2);
  await withTls(async (it) => {
    const line = await refusal("localhost", it, "--redis-ca", `${it.folder}/redis.crt`);
    assertMatch(line, /openssl req -x509 .*basicConstraints=critical,CA:FALSE/);
  }, (authority) => makeSelfSigned(authority, args));
});

Deno.test("the log reports a rejected password, and does not show it", async () => {
  await withTls(async ({ plainPort }) => {
    await using process = new ProxyProcess(["--port", "0", "--listen-address", "127.0.0.1"], {
      RP_REDIS_URL: `redis://reader:wrong-secret@127.0.0.1:${plainPort}`,
    });
    await process.logged(/Redis refuses this proxy.*WRONGPASS/);
    assert(!(await said(process)).includes("wrong-secret"));
  });
});

Deno.test("TLS to all nodes of a cluster, and to sentinels and their master, with a password", async () => {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-tls-" });
  try {
    const { cert, key } = await makeCertificate(folder, "redis");
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
    const tls = [...files, "--tls-auth-clients", "no", "--tls-cluster", "yes"];
    const port = freePort();
    const secret = { password: "s3cret" };
    await using node = await startRedisServer({
      ...secret,
      args: ["--cluster-enabled", "yes", "--tls-port", `${port}`, ...tls],
    });
    await askRedis(node.port, "AUTH s3cret\r\nCLUSTER ADDSLOTSRANGE 0 16383\r\n");
    const ca = ["--redis-ca", cert];
    await using cluster = await startProxy(null, [
      ...["--redis-url", `rediss+cluster://:s3cret@127.0.0.1:${port}`, "--protected-mode", "no"],
      ...ca,
    ]);
    await until(async () => (await ask(cluster.port, "SET", "k", "v")) === "+OK");
    assertEquals(await redisCli(cluster.port, "GET", "k"), "v\n");

    const [masterPort, sentinelPort] = [freePort(), freePort()];
    await using _master = await startRedisServer({
      ...secret,
      args: ["--tls-port", `${masterPort}`, ...tls],
    });
    await Deno.writeTextFile(
      `${folder}/sentinel.conf`,
      [
        ...["port 0", `tls-port ${sentinelPort}`, "tls-replication yes", "tls-auth-clients no"],
        ...[`tls-cert-file ${cert}`, `tls-key-file ${key}`, `tls-ca-cert-file ${cert}`],
        ...[`sentinel monitor main 127.0.0.1 ${masterPort} 1`, "sentinel auth-pass main s3cret"],
        "set-proc-title no",
      ].join("\n"),
    );
    const sentinel = new Deno.Command("redis-server", {
      args: [`${folder}/sentinel.conf`, "--sentinel"],
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await using proxy = await startProxy(null, [
        ...["--redis-url", `rediss+sentinel://:s3cret@main@127.0.0.1:${sentinelPort}`],
        ...["--protected-mode", "no", ...ca],
      ]);
      await until(async () => (await ask(proxy.port, "SET", "k", "v")) === "+OK");
      assertEquals(await redisCli(proxy.port, "GET", "k"), "v\n");
    } finally {
      sentinel.kill("SIGKILL");
      await sentinel.status;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
