// A minimal Deno program that answers GET over TCP: it reads, counts requests by their first bytes,
// and writes the same reply for each, all in one write. No parser, no cache, no limits.
const [port, bytes] = Deno.args.map(Number) as [number, number];
const ASTERISK = 0x2a;
const value = "0".repeat(12).padEnd(bytes, "x");
const reply = new TextEncoder().encode(`$${bytes}\r\n${value}\r\n`);

async function serve(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay(true);
  const input = new Uint8Array(64 * 1024);
  const output = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await conn.read(input);
    if (count === null) break;
    let length = 0;
    for (let at = 0; at < count; at++) {
      if (input[at] !== ASTERISK) continue;
      output.set(reply, length);
      length += reply.length;
    }
    for (let sent = 0; sent < length;) sent += await conn.write(output.subarray(sent, length));
  }
  conn.close();
}

for await (const conn of Deno.listen({ port, hostname: "127.0.0.1" })) serve(conn).catch(() => {});
