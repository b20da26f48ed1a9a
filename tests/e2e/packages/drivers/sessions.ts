// Sessions of a web application: express with express-session and connect-redis. Each request reads
// the session that the request before it wrote.
import type { AddressInfo } from "node:net";
import type { Server } from "node:http";
import { event, load, run, say, URL } from "./driver.ts";

interface Visitor {
  readonly get: (path: string) => Promise<string>;
}

/** A browser: it keeps its cookie. */
function visitor(port: number): Visitor {
  let cookie = "";
  return {
    async get(path) {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } });
      cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return `${reply.status} ${await reply.text()}`;
    },
  };
}

await run(async () => {
  const { default: express } = await load("express@5.3.0");
  const { default: session } = await load("express-session@1.19.0");
  const { RedisStore } = await load("connect-redis@10.0.0");
  const { createClient } = await load("redis@6.3.1");
  const client = createClient({ url: URL });
  await client.connect();
  const store = new RedisStore({ client, prefix: "sess:", ttl: 60 });

  const app = express();
  app.use(session({ store, secret: "quiet", resave: false, saveUninitialized: false }));
  // deno-lint-ignore no-explicit-any
  type Exchange = [request: any, response: any];
  app.get("/login/:name", (...[request, response]: Exchange) => {
    request.session.regenerate(() => {
      Object.assign(request.session, { name: request.params.name, visits: 0 });
      response.send("welcome");
    });
  });
  app.get("/visit", (...[{ session }, response]: Exchange) => {
    if (session.name === undefined) return response.status(401).send("nobody");
    response.send(`${session.name} ${++session.visits}`);
  });
  app.get("/logout", (...[request, response]: Exchange) => {
    request.session.destroy(() => response.send("bye"));
  });
  const server: Server = app.listen(0);
  await event(server, "listening");
  const { port } = server.address() as AddressInfo;

  const visitors = Array.from({ length: 5 }, () => visitor(port));
  say("before login", await visitors[0]!.get("/visit"));
  await Promise.all(visitors.map(({ get }, index) => get(`/login/user${index}`)));
  const visits = await Promise.all(visitors.map(async ({ get }) => {
    const seen: string[] = [];
    for (let count = 0; count < 20; count++) seen.push(await get("/visit"));
    return seen;
  }));
  say("visits", visits);
  say("sessions", await store.length());
  // deno-lint-ignore no-explicit-any
  say("names", (await store.all()).map(({ name }: any) => name).sort());
  say("logout", await visitors[0]!.get("/logout"));
  say("after logout", await visitors[0]!.get("/visit"));
  say("others", await visitors[1]!.get("/visit"));
  await store.clear();
  say("after clear", [await store.length(), await visitors[1]!.get("/visit")]);
});
