// socket.io with its adapters: two servers know each other's clients by publish and subscribe, by
// sharded channels, and by a stream that is read with BLOCK.
import { createServer } from "node:http";
import { load, PLACE, run, say, until, URL } from "./driver.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

await run(async () => {
  const { Server } = await load("socket.io@4.8.4");
  const { io } = await load("socket.io-client@4.8.4");
  const { createAdapter, createShardedAdapter } = await load("@socket.io/redis-adapter@8.3.0");
  const streams = await load("@socket.io/redis-streams-adapter@0.3.1");
  const { createClient } = await load("redis@5.12.1");
  const { Redis } = await load("ioredis@5.11.1");
  const { Emitter } = await load("@socket.io/redis-emitter@5.1.0");
  const client = () => createClient({ url: URL }).on("error", () => {}).connect();
  const io5 = () => new Redis(PLACE);

  const adapters: [string, () => Promise<Any>][] = [
    ["node-redis", async () => createAdapter(await client(), await client(), { key: "modern" })],
    ["ioredis", () => Promise.resolve(createAdapter(io5(), io5(), { key: "io" }))],
    ["sharded", async () => createShardedAdapter(await client(), await client())],
    ["a stream", async () => streams.createAdapter(await client(), { readCount: 10 })],
  ];
  for (const [name, make] of adapters) {
    const servers = await Promise.all([1, 2].map(async (number) => {
      const http = createServer();
      const server = new Server(http, { adapter: await make() });
      server.on("connection", (socket: Any) => {
        socket.on("join", (room: string, done: () => void) => {
          socket.join(room);
          done();
        });
        socket.on("say", (room: string, text: string) => server.to(room).emit("said", text));
      });
      server.on("between", (text: string, answer: (text: string) => void) => {
        answer(`${number} heard ${text}`);
      });
      await new Promise<void>((resolve) => http.listen(0, resolve));
      return { server, http, port: (http.address() as Any).port };
    }));
    const heard: string[][] = [[], [], [], []];
    const clients: Any[] = await Promise.all(heard.map(async (list, index) => {
      const socket = io(`http://127.0.0.1:${servers[index % 2]!.port}`, {
        transports: ["websocket"],
        reconnection: false,
      });
      socket.on("said", (text: string) => list.push(text));
      await new Promise((resolve) => socket.once("connect", resolve));
      await socket.emitWithAck("join", index < 3 ? "first" : "last");
      return socket;
    }));
    const [{ server }] = servers as [Any];
    await until("both servers to see all", async () => (await server.fetchSockets()).length === 4);
    for (let count = 0; count < 20; count++) clients[0].emit("say", "first", `hello ${count}`);
    clients[1].emit("say", "last", "only you");
    await until(
      "all to be heard",
      () => heard.slice(0, 3).every((list) => list.length === 20) && heard[3]!.length === 1,
    );
    say(`${name}: heard`, heard.map((list) => [list.length, list[0], list.at(-1)]));
    const rooms = (await server.in("first").fetchSockets()).length;
    say(`${name}: in a room`, rooms);
    say(`${name}: between servers`, await server.serverSideEmitWithAck("between", "this"));
    if (name === "node-redis") {
      new Emitter(await client(), { key: "modern" }).to("last").emit("said", "from outside");
      await until("the emitter", () => heard[3]!.length === 2);
      say("emitter", heard[3]);
    }
    server.in("first").disconnectSockets();
    await until("a room to leave", () => clients.slice(0, 3).every((one) => one.disconnected));
    say(`${name}: left`, clients.map((one) => one.connected));
    for (const one of clients) one.close();
    for (const { http } of servers) http.close();
  }
});
