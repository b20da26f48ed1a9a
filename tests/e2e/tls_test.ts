import { assert, assertEquals, assertMatch } from "@std/assert";
import { type RedisServer, startRedisServer } from "../../tools/redis_server.ts";
import { ProxyProcess, startProxy } from "../support/proxy.ts";
import { redisCli, run } from "../support/serving.ts";

const PASSWORD = "p:w/@%é";

/** Makes a certificate for localhost that a throwaway authority has signed. */
async function makeCertificates(folder: string): Promise<void> {
  const openssl = async (...args: string[]) => {
    const { code, stderr } = await run("openssl", args);
    if (code !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const at = (name: string) => `${folder}/${name}`;
  await openssl(
    ...["req", "-x509", ...key, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2"],
    ...["-subj", "/CN=throwaway authority"],
  );
  await openssl(
    ...[
      "req",
      ...key,
      "-keyout",
      at("redis.key"),
      "-out",
      at("redis.csr"),
      "-subj",
      "/CN=localhost",
    ],
  );
  await Deno.writeTextFile(at("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  await openssl(
    ...["x509", "-req", "-in", at("redis.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key")],
    ...["-CAcreateserial", "-out", at("redis.pem"), "-days", "2", "-extfile", at("ext")],
  );
}

async function withTls(work: (redis: RedisServer, folder: string, port: number) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-tls-" });
  try {
    await makeCertificates(folder);
    using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = probe.addr;
    probe.close();
    await using redis = await startRedisServer({
      args: [
        ...["--tls-port", `${port}`, "--tls-auth-clients", "no"],
        ...["--tls-cert-file", `${folder}/redis.pem`, "--tls-key-file", `${folder}/redis.key`],
        ...["--tls-ca-cert-file", `${folder}/ca.pem`],
      ],
    });
    const cli = (...command: string[]) => redisCli(redis.port, ...command);
    assertEquals(
      await cli("acl", "setuser", "reader", "on", `>${PASSWORD}`, "~*", "+@all"),
      "OK\n",
    );
    assertEquals(await cli("-n", "3", "set", "key", "by TLS"), "OK\n");
    await work(redis, folder, port);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Ends a proxy, and shows what it said. */
async function said(process: ProxyProcess): Promise<string> {
  await process.stop();
  return process.stdout + process.stderr;
}

Deno.test("rediss:// with user, password and database reads by TLS, and says none of it", async () => {
  await withTls(async (_redis, folder, port) => {
    const url = `rediss://reader:${encodeURIComponent(PASSWORD)}@localhost:${port}/3`;
    await using proxy = await startProxy(null, [], {
      env: {
        RP_REDIS_URL: url,
        RP_REDIS_CA: `${folder}/ca.pem`,
        RP_LOG_LEVEL: "debug",
      },
    });
    assertEquals(await redisCli(proxy.port, "get", "key"), "by TLS\n");
    const text = await said(proxy.process);
    assertMatch(text, new RegExp(`redis=rediss://localhost:${port}/3`));
    assert(!text.includes(PASSWORD) && !text.includes(encodeURIComponent(PASSWORD)), text);
  });
});

Deno.test("rediss:// does not speak to a server whose certificate nobody vouches for", async () => {
  await withTls(async (_redis, _folder, port) => {
    await using process = new ProxyProcess(["--port", "0", "--listen-address", "127.0.0.1"], {
      RP_REDIS_URL: `rediss://reader:${encodeURIComponent(PASSWORD)}@localhost:${port}/3`,
    });
    const [line] = await process.logged(/No connection to Redis.*/);
    assertMatch(line, /certificate|UnknownIssuer|issuer/i);
    assert(!(await said(process)).includes("Connected"));
  });
});

Deno.test("a password that Redis does not take is told in the log, and not shown", async () => {
  await withTls(async (redis) => {
    await using process = new ProxyProcess(["--port", "0", "--listen-address", "127.0.0.1"], {
      RP_REDIS_URL: `redis://reader:wrong-secret@127.0.0.1:${redis.port}`,
    });
    await process.logged(/Redis refuses this proxy.*WRONGPASS/);
    assert(!(await said(process)).includes("wrong-secret"));
  });
});
