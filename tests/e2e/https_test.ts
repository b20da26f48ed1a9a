import { assertEquals, assertMatch } from "@std/assert";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { request } from "../support/client.ts";
import { ProxyProcess } from "../support/proxy.ts";
import { run, type Serving, serving, until } from "../support/serving.ts";

/** Serves over TLS, and has a second certificate. */
async function withTls(
  work: (it: Serving, files: Certificate, second: Certificate) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-https-" });
  try {
    const files = await makeCertificate(folder, "used");
    const second = await makeCertificate(folder, "second");
    await using it = await serving(["--tls-cert", files.cert, "--tls-key", files.key]);
    await it.ask("SET", "key", "value");
    await work(it, files, second);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The output of curl over HTTPS, trusting one certificate, and its exit status. */
async function get(port: number, trusted: string): Promise<[string, number]> {
  const address = `https://localhost:${port}/key`;
  const { code, stdout } = await run("curl", ["-s", "-m", "10", "--cacert", trusted, address]);
  return [stdout, code];
}

/** curl's exit status for an untrusted certificate. */
const UNTRUSTED = 60;

Deno.test("the port speaks HTTPS, and RESP over TLS", async () => {
  await withTls(async ({ port }, { cert }) => {
    assertEquals(await get(port, cert), ["value", 0]);
    const cli = ["-p", `${port}`, "--tls", "--cacert", cert, "get", "key"];
    assertEquals((await run("redis-cli", cli)).stdout, "value\n");
  });
});

Deno.test("clients without TLS are refused, and others are served", async () => {
  await withTls(async (it, { cert }) => {
    using plain = await it.connect();
    await plain.send("GET /key HTTP/1.1\r\nHost: h\r\n\r\n");
    assertEquals((await plain.rest()).includes("HTTP"), false);
    assertEquals(await get(it.port, cert), ["value", 0]);
    assertEquals(it.proxy.process.stderr.includes("error"), false);
  });
});

Deno.test("SIGHUP reads the certificate again, and connections continue", async () => {
  await withTls(async ({ port, proxy: { process } }, files, second) => {
    const caCerts = [await Deno.readTextFile(files.cert)];
    using old = await Deno.connectTls({ hostname: "localhost", port, caCerts });
    const ask = async () => {
      await old.write(new TextEncoder().encode(request("GET", "key")));
      const reply = new Uint8Array(64);
      return new TextDecoder().decode(reply.subarray(0, await old.read(reply) ?? 0));
    };
    assertEquals(await ask(), "$5\r\nvalue\r\n");
    const first = `${files.cert}.first`;
    await Deno.copyFile(files.cert, first);
    await Deno.copyFile(second.cert, files.cert);
    await Deno.copyFile(second.key, files.key);
    process.kill("SIGHUP");
    await process.logged(/Reloaded certificate="read again"/);
    assertEquals(await get(port, second.cert), ["value", 0]);
    assertEquals(await get(port, first), ["", UNTRUSTED]);
    assertEquals(await ask(), "$5\r\nvalue\r\n");
    await Deno.writeTextFile(files.cert, "nonsense");
    process.kill("SIGHUP");
    await process.logged(
      /error Cannot reload the certificate: kept the old one why=.*\n.*certificate=kept /,
    );
    assertEquals(await get(port, second.cert), ["value", 0]);
  });
});

Deno.test("the certificate can be read again over and over", async () => {
  await withTls(async ({ port, proxy: { process } }, { cert }) => {
    const times = () => process.stderr.split("Reloaded certificate=").length - 1;
    for (let time = 1; time <= 5; time++) {
      process.kill("SIGHUP");
      await until(() => times() === time);
      assertEquals(await get(port, cert), ["value", 0]);
    }
  });
});

Deno.test("healthcheck asks a TLS proxy over TLS, whatever name its certificate has", async () => {
  await withTls(async ({ port }, { cert, key }) => {
    const flags = ["--port", `${port}`, "--tls-cert", cert, "--tls-key", key];
    const check = new ProxyProcess(["healthcheck", "--listen-address", "127.0.0.1", ...flags]);
    assertEquals([(await check.status).code, check.stderr], [0, ""]);
  });
});

Deno.test("an unusable certificate is one sentence, before anything starts", async () => {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-https-" });
  try {
    const one = await makeCertificate(folder, "one");
    const two = await makeCertificate(folder, "two");
    const table: [args: string[], message: RegExp][] = [
      [["--tls-cert", one.cert], /^Cannot use --tls-cert alone: wanted --tls-key as well\n$/],
      [["--tls-key", one.key], /^Cannot use --tls-key alone: wanted --tls-cert as well\n$/],
      [
        ["--tls-cert", one.cert, "--tls-key", two.key],
        /^Cannot use ".*" with ".*": wanted [^\n]*\n$/,
      ],
      [
        ["--tls-cert", one.key, "--tls-key", one.key],
        /^Cannot use ".*" for --tls-cert: wanted a PEM certificate, found a private key\n$/,
      ],
      [
        ["--tls-cert", "/none", "--tls-key", one.key],
        /^Cannot read "\/none" for --tls-cert: [^\n]*\n$/,
      ],
    ];
    for (const [args, message] of table) {
      const process = new ProxyProcess(["--port", "0", ...args]);
      assertEquals((await process.status).code, 2);
      assertMatch(process.stderr, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
