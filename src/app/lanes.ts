/**
 * Opens the connections of the lanes, and reports failures.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { PassFilter } from "../commands/permission.ts";
import type { Config } from "../config/mod.ts";
import { Credentials, DEFAULT_USER } from "../core/credentials.ts";
import type { Log } from "../core/log.ts";
import type { Stats } from "../core/stats.ts";
import { Failure } from "../core/types.ts";
import type { ChangeLog } from "../lanes/changes.ts";
import { greet, type Greeting, Refused } from "../lanes/greeting.ts";
import { Lanes, type Opening } from "../lanes/mod.ts";
import type { OriginAddress } from "../origin/address.ts";
import { dial } from "../origin/dial.ts";
import type { Peer } from "../server/peer.ts";
import { Connection } from "../origin/wire/connection.ts";

/** Returns the lanes for these settings; null if the proxy serves only reads. */
export function makeLanes(
  { values, origin: address }: Config,
  maxPrivate: number,
  cache: ChangeLog,
  stats: Stats,
): Lanes | null {
  if (values["read-only"]) return null;
  return new Lanes({
    open: (opening) => open(address, opening, values["redis-timeout"]),
    cache,
    stats,
    database: address.database,
    login: loginOf(address),
    filter: new PassFilter({ deny: values.deny ?? [], allow: values.allow ?? [] }),
    maxPrivate,
    replyMemory: values["reply-memory"],
  });
}

/**
 * Whether a client without a password may use commands that pass to Redis. By default, nobody gets
 * a right here that Redis would not give: the client must be local, as in Redis's own protected
 * mode, and Redis must want no password either.
 */
export function mayPass({ values, credentials, origin }: Config, peer: Peer): boolean {
  if (credentials.required || !values["protected-mode"]) return true;
  return peer.isLocal && origin.password === null;
}

/** Returns the proxy's credentials at Redis. A client with the same has the same rights. */
export function originCredentialsOf({ username, password }: OriginAddress): Credentials | null {
  return password === null ? null : new Credentials(username ?? DEFAULT_USER, password);
}

/** Counts refused commands, and logs the first refusal of each. */
export function refusalsTo(log: Log, stats: Stats): (name: string) => void {
  const logged = new Set<string>();
  return (name) => {
    stats.commandsRefused++;
    if (logged.has(name) || logged.size === LOGGED_NAMES) return;
    logged.add(name);
    log.warn("Refused a command: its further refusals are not logged", { command: name });
  };
}

/** The most names to remember, because clients choose them. */
const LOGGED_NAMES = 100;

/** Returns the credentials in UTF-8, each byte as a code unit. */
function loginOf({ username, password }: OriginAddress): Greeting["login"] {
  if (password === null) return null;
  return { username: username === null ? null : bytesOf(username), password: bytesOf(password) };
}

function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Opens a connection that is ready for use. Never rejects. */
async function open(
  address: OriginAddress,
  opening: Opening,
  timeout: number,
): Promise<Connection | Failure> {
  const { database } = address;
  const login = opening.login ?? loginOf(address);
  let connection: Connection | null = null;
  let isLate = false;
  const late = setTimeout(() => {
    isLate = true;
    connection?.close(`no answer within ${timeout} ms`);
  }, timeout);
  try {
    connection = new Connection(await dial(address));
    if (isLate) throw new Error(`no connection within ${timeout} ms`);
    await greet(connection, { ...opening, login, database });
    return connection;
  } catch (error) {
    connection?.close("the handshake failed");
    const { message } = error as Error;
    if (error instanceof Refused) return new Failure("reply", message);
    return new Failure("away", `Redis is away: ${message}`);
  } finally {
    clearTimeout(late);
  }
}
