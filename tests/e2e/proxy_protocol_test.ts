import { assertEquals, assertMatch } from "@std/assert";
import { makeCertificate } from "../support/certificate.ts";
import { request } from "../support/client.ts";
import { ProxyProcess } from "../support/proxy.ts";
import { serving } from "../support/serving.ts";

const REQUIRE = ["--proxy-protocol", "require"];
const HEADER = "PROXY TCP4 192.0.2.77 198.51.100.2 56324 8080\r\n";

Deno.test("behind a load balancer, both protocols follow the header, and CLIENT LIST has its address", async () => {
  await using it = await serving(REQUIRE);
  using client = await it.connect();
  await client.send(HEADER + request("CLIENT", "LIST"));
  assertMatch(
    await client.until("\n\r\n"),
    / addr=192\.0\.2\.77:56324 laddr=198\.51\.100\.2:8080 /,
  );
  using web = await it.connect();
  await web.send("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0GET /key HTTP/1.1\r\nHost: h\r\n\r\n");
  assertMatch(await web.until("\r\n\r\n"), /^HTTP\/1\.1 404 /);
  using direct = await it.connect();
  await direct.send("PING\r\n");
  assertEquals(await direct.rest(), "");
  await it.proxy.process.logged(/Closed a connection without a PROXY protocol header peer=127\./);
});

Deno.test("healthcheck sends the header if it is required", async () => {
  await using it = await serving(REQUIRE);
  const args = ["healthcheck", "--listen-address", "127.0.0.1", "--port", `${it.port}`];
  await using right = new ProxyProcess([...args, ...REQUIRE]);
  assertEquals((await right.status).code, 0);
  await using wrong = new ProxyProcess(args);
  assertEquals((await wrong.status).code, 1);
});

Deno.test("a header before TLS cannot be read, and the start says so", async () => {
  const folder = await Deno.makeTempDir({ prefix: "redis-proxy-balancer-" });
  try {
    const { cert, key } = await makeCertificate(folder, "one");
    const files = ["--tls-cert", cert, "--tls-key", key];
    await using process = new ProxyProcess(["--port", "0", ...files, ...REQUIRE]);
    assertEquals((await process.status).code, 2);
    assertMatch(process.stderr, /^Cannot use --proxy-protocol require with --tls-cert: wanted TLS/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
