/**
 * Serves one client for a moment, as the proxy would, and checks what that client gets.
 *
 * @module
 */
import { type Proxy, startProxy } from "../app/proxy.ts";
import { type Config, ConfigError, readPassword } from "../config/mod.ts";
import { Log } from "../core/log.ts";
import { Connection } from "../origin/wire/connection.ts";
import { Asking } from "./asking.ts";
import { error, type Finding, ok, warning } from "./finding.ts";

/** How long the proxy may take to connect to Redis, in addition to what Redis may take. */
const START = 2000;

/** Starts a proxy on a free port of loopback, and greets it. */
export async function checkClient(config: Config): Promise<Finding[]> {
  const lines: string[] = [];
  const log = new Log("info", "json", (line) => lines.push(line));
  const proxy = startProxy(inside(config), "check", log);
  try {
    return await greet(proxy, config, lines);
  } catch (failure) {
    const found = `A client gets no answer: ${(failure as Error).message}`;
    return [error("client", found, "redis-proxy --log-level debug, and see what it logs")];
  } finally {
    await proxy.stop();
  }
}

/** The configuration of a proxy that nobody else can reach. */
function inside(config: Config): Config {
  const values = {
    ...config.values,
    "listen-address": [{ host: "127.0.0.1", socket: null }],
    "port": 0,
    "admin-port": null,
    "tls-cert": null,
    "tls-key": null,
    "proxy-protocol": "off" as const,
    "reuse-port": false,
    "drain-delay": 0,
    "shutdown-timeout": 0,
  };
  return { ...config, values };
}

async function greet(proxy: Proxy, config: Config, lines: readonly string[]): Promise<Finding[]> {
  const { values } = config;
  const limit = values["redis-timeout"] + START;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  const client = new Asking(new Connection(conn), limit);
  try {
    const password = passwordOf(config);
    const login = password === null ? [] : ["AUTH", values.user, password];
    for (const words of [["HELLO", "3", ...login], ["GET", "redis-proxy:check"], ["PING"]]) {
      const refusal = await client.refusal(...words);
      if (refusal !== null) {
        const found = `A client gets this answer to ${words[0]}: ${refusal}`;
        return [error("client", found, "See the findings above")];
      }
    }
    const { coherence } = proxy;
    const greeted = ok("client", "A client can log in and read");
    if (coherence === "tracked") return [greeted, ok("tracking", "Redis announces changes")];
    if (values.coherence === "off") return [greeted];
    const why = lines.map((line) => JSON.parse(line)).find(({ event }) =>
      /announces no changes/.test(event)
    );
    const found = `Redis announces no changes${why === undefined ? "" : `: ${why.why}`}`;
    const level = values.coherence === "required" ? error : warning;
    return [greeted, level("tracking", found, "Grant +client|tracking, or set --coherence off")];
  } finally {
    client.connection.close("the check is over");
  }
}

function passwordOf({ values }: Config): string | null {
  const path = values["password-file"];
  if (path === null) return values.password;
  try {
    return readPassword("--password-file", path, Deno.readTextFileSync);
  } catch (failure) {
    if (failure instanceof ConfigError) return null;
    throw failure;
  }
}
