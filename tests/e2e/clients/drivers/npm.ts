/**
 * Drives an npm client under Deno, in its own process. Only the tests use these packages: they are
 * imported by names that are made here, and locked in their own file, so the rest of the project
 * does not depend on them.
 *
 *     deno run -A --no-config --lock=npm.lock --frozen npm.ts redis@6.3.1 resp3:6380:::
 *
 * Without `--frozen`, and without connections, that line locks a new version.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Connect, drive, parseConnection, type Session } from "./steps.ts";

const HOST = "127.0.0.1";

/** node-redis 3: callbacks, and no option for a name. */
async function redis3(specifier: string): Promise<Connect> {
  const { createClient } = (await import(specifier)).default;
  return async ({ port, password, name }) => {
    const client = createClient({
      host: HOST,
      port,
      detect_buffers: true,
      ...(password && { password }),
    });
    // deno-lint-ignore no-explicit-any
    const call = (send: (done: (error: Error | null, reply: any) => void) => void): Promise<any> =>
      new Promise((resolve, reject) =>
        send((error, reply) => error ? reject(error) : resolve(reply))
      );
    client.on("error", () => {});
    const command = (first: string, ...args: string[]) =>
      call((done) => client.send_command(first, args, done));
    if (name) client.on("ready", () => command("CLIENT", "SETNAME", name).catch(() => {}));
    await new Promise((ready) => client.once("ready", ready));
    return {
      command,
      ping: () => call((done) => client.ping(done)),
      get: (key) => call((done) => client.get(key, done)),
      getBytes: (key) => call((done) => client.get(Buffer.from(key), done)),
      mget: (...keys) => call((done) => client.mget(keys, done)),
      pipeline: (keys) => call((done) => client.batch(keys.map((key) => ["get", key])).exec(done)),
      close: () => client.end(false),
    };
  };
}

/** node-redis 4 and later; version 5 has another way to request bytes. */
async function redis(specifier: string): Promise<Connect> {
  const { createClient, commandOptions, RESP_TYPES } = await import(specifier);
  return async ({ port, password, name, protocol }) => {
    const client = createClient({
      socket: { host: HOST, port },
      ...(password && { password }),
      ...(name && { name }),
      ...(protocol && { RESP: protocol }),
    });
    client.on("error", () => {});
    await client.connect();
    const getBytes: Session["getBytes"] = commandOptions
      ? (key) => client.get(commandOptions({ returnBuffers: true }), key)
      : (key) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }).get(key);
    return {
      command: (...args) => client.sendCommand(args),
      ping: () => client.ping(),
      get: (key) => client.get(key),
      getBytes,
      mget: (...keys) => client.mGet(keys),
      pipeline: (keys) => Promise.all(keys.map((key) => client.get(key))),
      close: () => commandOptions ? client.disconnect() : client.destroy(),
    };
  };
}

async function ioredis(specifier: string): Promise<Connect> {
  const { Redis } = await import(specifier);
  return async ({ port, password, name, protocol }) => {
    const client = new Redis({
      host: HOST,
      port,
      ...(password && { password }),
      ...(name && { connectionName: name }),
      ...(protocol && { protocol }),
    });
    client.on("error", () => {});
    await new Promise((ready) => client.once("ready", ready));
    return {
      command: (...args) => client.call(...args),
      ping: () => client.ping(),
      get: (key) => client.get(key),
      getBytes: (key) => client.getBuffer(key),
      mget: (...keys) => client.mget(...keys),
      pipeline: async (keys) => {
        const replies: [Error | null, string | null][] = await client
          .pipeline(keys.map((key) => ["get", key])).exec();
        return replies.map(([error, value]) => error ? String(error) : value);
      },
      close: () => client.disconnect(),
    };
  };
}

const [name, ...connections] = Deno.args as [string, ...string[]];
const adapter = name.startsWith("ioredis@") ? ioredis : name.startsWith("redis@3") ? redis3 : redis;
await drive(await adapter(`npm:${name}`), connections.map(parseConnection));
// Clients that could not connect keep trying.
Deno.exit();
