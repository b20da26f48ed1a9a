/**
 * The login and the database.
 *
 * @module
 */
import { isNotNow } from "../core/redis_errors.ts";
import { display, type OriginAddress } from "../origin/address.ts";
import { dial } from "../origin/dial.ts";
import { explainTls } from "../origin/tls_errors.ts";
import type { Asking } from "./asking.ts";
import { error, type Finding, hasError, ok, warning } from "./finding.ts";
import { tlsFinding } from "./reach.ts";
import { within } from "../origin/within.ts";

/** Logs in, selects the database, and reads nothing. */
export async function logIn(redis: Asking, address: OriginAddress): Promise<Finding[]> {
  try {
    const login = await authenticate(redis, address);
    return hasError([login]) ? [login] : [login, ...await selectDatabase(redis, address)];
  } catch (failure) {
    return [await noAnswer(failure as Error, redis, address)];
  }
}

async function authenticate(redis: Asking, address: OriginAddress): Promise<Finding> {
  const { username, password } = address;
  if (username === null && password === null) {
    const refusal = await redis.refusal("PING");
    return refusal === null || refusal.startsWith("NOPERM")
      ? ok("login", "Redis wants no password")
      : loginFinding(refusal, address);
  }
  const user = username === null ? [] : [username];
  const refusal = await redis.refusal("AUTH", ...user, password ?? "");
  return refusal === null
    ? ok("login", `Redis accepts ${username ?? "the password"}`)
    : loginFinding(refusal, address);
}

/** Explains a refusal by its words. */
function loginFinding(refusal: string, address: OriginAddress): Finding {
  const url = (login: string) => `RP_REDIS_URL=${display(address).replace("://", `://${login}`)}`;
  if (/called without any password|no password is set/.test(refusal)) {
    return warning("login", "Redis wants no password: the given one is not used", url(""));
  }
  if (/^NOAUTH/.test(refusal)) return error("login", "Redis wants a password", url(":PASSWORD@"));
  if (/^WRONGPASS|invalid password/.test(refusal)) {
    const found = "Redis refuses the user or the password";
    return error("login", found, url("USER:PASSWORD@"));
  }
  if (/wrong number of arguments/.test(refusal)) {
    return error("login", "This Redis is older than 6.0 and has no users", url(":PASSWORD@"));
  }
  if (/^ERR max number of clients/.test(refusal)) {
    return error("login", "Redis has no room for another client", "CONFIG SET maxclients 10000");
  }
  if (/^DENIED/.test(refusal)) {
    const found = "Redis is in protected mode: it serves only its own machine";
    return error(
      "login",
      found,
      "requirepass PASSWORD in redis.conf, and the same in RP_REDIS_URL",
    );
  }
  if (isNotNow(refusal)) {
    return error(
      "login",
      `Redis cannot serve yet: ${refusal}`,
      "Wait until Redis answers PING with PONG",
    );
  }
  return error("login", `Redis refuses this client: ${refusal}`, "ACL SETUSER default on");
}

async function selectDatabase(
  redis: Asking,
  { database }: OriginAddress,
): Promise<Finding[]> {
  if (database === 0) return [];
  const refusal = await redis.refusal("SELECT", `${database}`);
  if (refusal === null) return [ok("database", `Database ${database} exists`)];
  const isRight = refusal.startsWith("NOPERM");
  const fix = isRight ? "ACL SETUSER NAME +select" : "RP_REDIS_URL=redis://HOST/0";
  return [error("database", `Redis refuses database ${database}: ${refusal}`, fix)];
}

/** Explains why Redis did not answer the first command. */
async function noAnswer(
  { message }: Error,
  { connection, limit }: Asking,
  address: OriginAddress,
): Promise<Finding> {
  const explained = explainTls(new Error(connection.loss ?? message), address).message;
  if (address.tls !== null) return tlsFinding(explained, address);
  if (address.socket === null && await speaksTls(address, limit)) {
    const { tls: _, ...rest } = address;
    const secure = { ...rest, tls: { authorities: null, identity: null, serverName: null } };
    const found = "Redis speaks TLS on this port";
    return error("login", found, `RP_REDIS_URL=${display(secure)} and --redis-ca ca.crt`);
  }
  if (/does not speak|nobody asked/.test(explained)) {
    const found = "The server there does not speak the Redis protocol";
    return error("login", found, "--redis-port 6379, or the port of your Redis");
  }
  const found = connection.loss === null
    ? `Redis accepts the connection and stays silent: ${message}`
    : `Redis closes the connection${/^Redis closed/.test(explained) ? "" : `: ${explained}`}`;
  return error("login", found, "Look at the log of Redis, and at proxies and firewalls in between");
}

/** Whether a server completes a TLS handshake, whoever signed its certificate. */
async function speaksTls(address: OriginAddress, limit: number): Promise<boolean> {
  const tls = { authorities: null, identity: null, serverName: null };
  try {
    (await within(dial({ ...address, tls }), limit)).close();
    return true;
  } catch (failure) {
    return /certificate/i.test((failure as Error).message);
  }
}
