/**
 * Starts twemproxy (the program nutcracker) in front of a Redis. It knows few commands, and closes
 * the connection when it gets any other.
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

/** Whether it is installed: if not, tests that need it are skipped. */
export const HAS_TWEMPROXY = isOnPath("nutcracker");

/** @param password The password that Redis requires, and that twemproxy requires of its clients. */
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
