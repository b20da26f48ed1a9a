// MONITOR shows the commands of clients as from Redis, without those of the proxy itself.
import { assertEquals } from "@std/assert";
import { RawClient, request } from "../support/client.ts";
import { serving } from "../support/serving.ts";

/** Returns the commands of MONITOR's lines, without time and client. */
function commandsOf(lines: string): string[] {
  return [...lines.matchAll(/^\+[\d.]+ \[\d+ \S+\] (.*)\r$/gm)].map((match) => match[1]!);
}

/** Receives lines of MONITOR until one contains the text, and returns all. */
async function linesUntil(client: RawClient, text: string): Promise<string> {
  return await client.until(text) + await client.until("\r\n");
}

for (const hello of ["", request("HELLO", "3")]) {
  const version = hello === "" ? 2 : 3;
  Deno.test(`MONITOR in RESP${version} shows commands of clients, and none of the proxy`, async () => {
    // With a short lease, the proxy sends probes all the time.
    await using it = await serving(["--lease", "300ms"]);
    using all = await RawClient.connect(it.redis.port);
    await all.send(request("MONITOR"));
    await all.until("+OK\r\n");
    using monitor = await it.connect();
    await monitor.send(hello + request("MONITOR"));
    if (hello !== "") await monitor.until("role");
    await monitor.until("+OK\r\n");
    using client = await it.connect();
    using direct = await RawClient.connect(it.redis.port);
    const exchange = async (one: RawClient, ...words: string[]) => {
      await one.send(request(...words));
      return await one.until("\r\n");
    };
    await exchange(client, "SET", "k", "v");
    await exchange(client, "GET", "k");
    await client.until("v\r\n");
    await exchange(client, "MULTI");
    await exchange(client, "INCR", "n");
    await exchange(client, "EXEC");
    await client.until(":1\r\n");
    await exchange(client, "BLPOP", "none", "0.001");
    await exchange(direct, "HELLO", "2");
    await exchange(direct, "PING");
    for (let probes = 0; probes < 3; probes++) await linesUntil(all, '"ROLE"');
    await exchange(direct, "SET", "last", "1");
    assertEquals(commandsOf(await linesUntil(monitor, '"last"')), [
      ...['"SET" "k" "v"', '"GET" "k"', '"MULTI"', '"INCR" "n"', '"EXEC"'],
      ...['"BLPOP" "none" "0.001"', '"HELLO" "2"', '"PING"', '"SET" "last" "1"'],
    ]);
    // The connection still answers requests.
    await monitor.send(request("PING"));
    await monitor.until("+PONG\r\n");
  });
}
