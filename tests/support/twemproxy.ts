/**
 * Starts twemproxy (the program nutcracker) before a Redis. It knows few commands, and closes the
 * connection at all others.
 *
 * @module
 */
import { freePort } from "../../tools/redis_server.ts";
import { isOnPath } from "../../tools/install_redis.ts";
import { RawClient } from "./client.ts";
import { until } from "./serving.ts";

export interface Twemproxy extends AsyncDisposable {
  readonly port: number;
}

/** Whether it is installed: tests that need it are left out where it is not. */
export const HAS_TWEMPROXY = isOnPath("nutcracker");

/** @param password What Redis wants, and twemproxy of its clients as well. */
export async function startTwemproxy(redisPort: number, password?: string): Promise<Twemproxy> {
  const folder = await Deno.makeTempDir({ prefix: "twemproxy-" });
  const port = freePort();
  const config = [
    "pool:",
    `  listen: 127.0.0.1:${port}`,
    "  redis: true",
    ...(password === undefined ? [] : [`  redis_auth: ${password}`]),
    "  servers:",
    `   - 127.0.0.1:${redisPort}:1`,
    "",
  ];
  await Deno.writeTextFile(`${folder}/conf.yml`, config.join("\n"));
  const child = new Deno.Command("nutcracker", {
    args: [
      ...["--conf-file", `${folder}/conf.yml`, "--pid-file", `${folder}/pid`],
      ...[
        "--output",
        `${folder}/log`,
        "--stats-addr",
        "127.0.0.1",
        "--stats-port",
        `${freePort()}`,
      ],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await until(() => RawClient.connect(port).then((client) => (client.close(), true), () => false));
  return {
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
