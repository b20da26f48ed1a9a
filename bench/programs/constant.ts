// A minimal HTTP server in Deno: the same bytes for every request.
const [port, bytes] = Deno.args.map(Number) as [number, number];
const body = new Uint8Array(bytes).fill(0x78);
const headers = { "Content-Type": "application/octet-stream" };
Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, () => new Response(body, { headers }));
