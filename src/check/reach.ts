/**
 * Checks whether Redis can be reached: the name, the port and TLS.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { isLoopback } from "../app/exposure.ts";
import type { Config } from "../config/mod.ts";
import { display, type OriginAddress } from "../origin/address.ts";
import { dial } from "../origin/dial.ts";
import { Connection } from "../origin/wire/connection.ts";
import { error, type Finding, hasError, ok } from "./finding.ts";
import { within } from "../origin/within.ts";

/** The findings, and the connection; null if there is none. */
export interface Reached {
  readonly findings: readonly Finding[];
  readonly connection: Connection | null;
}

/** Connects to Redis, or says why that fails. */
export async function reach({ origin, values }: Config): Promise<Reached> {
  const findings: Finding[] = [];
  if (leadsHere(origin, values.port)) {
    const found = `${display(origin)} is the port of this proxy: it would read from itself`;
    return { findings: [error("address", found, "--redis-port 6379")], connection: null };
  }
  if (origin.socket === null && isIP(origin.host) === 0) findings.push(await resolve(origin));
  if (!hasError(findings)) findings.push(await tryPort(origin, values["redis-timeout"]));
  if (hasError(findings)) return { findings, connection: null };
  try {
    const connection = new Connection(await within(dial(origin), values["redis-timeout"]));
    if (origin.tls !== null) findings.push(ok("TLS", "The certificate of Redis is trusted"));
    return { findings, connection };
  } catch (failure) {
    const { message } = failure as Error;
    // A Redis without TLS takes the handshake for the start of a long command, and waits for the
    // rest.
    const isPlain = origin.tls !== null && await speaksPlain(origin, values["redis-timeout"]);
    const why = isPlain ? "Redis does not speak TLS on this port" : message;
    findings.push(tlsFinding(why, origin));
    return { findings, connection: null };
  }
}

function leadsHere({ host, port, socket }: OriginAddress, ownPort: number): boolean {
  return socket === null && port === ownPort && isLoopback(host);
}

async function resolve({ host }: OriginAddress): Promise<Finding> {
  try {
    const found = await lookup(host, { all: true });
    return ok("DNS", `${host} is ${found.map(({ address }) => address).join(", ")}`);
  } catch {
    const fix = `--redis-host NAME, or "ADDRESS ${host}" in /etc/hosts`;
    return error("DNS", `No host is named ${host}`, fix);
  }
}

async function tryPort(address: OriginAddress, limit: number): Promise<Finding> {
  const { socket, host: hostname, port } = address;
  const about = socket === null ? "TCP" : "Unix socket";
  const place = socket ?? `${hostname}:${port}`;
  try {
    const connecting = socket === null
      ? Deno.connect({ hostname, port })
      : Deno.connect({ transport: "unix", path: socket });
    connecting.catch(() => {/* It is awaited below, or came too late. */});
    const conn = await within<Deno.Conn>(connecting, limit);
    conn.close();
    return ok(about, `${place} accepts connections`);
  } catch (failure) {
    return portFinding(failure as Error, about, place, address);
  }
}

function portFinding(
  failure: Error,
  about: string,
  place: string,
  { socket, port }: OriginAddress,
): Finding {
  const { message } = failure;
  if (failure instanceof Deno.errors.PermissionDenied) {
    const fix = `chmod o+rw ${place}, or unixsocketperm 770 in redis.conf and a common group`;
    return error(about, `This user may not use ${place}`, fix);
  }
  if (failure instanceof Deno.errors.NotFound && socket !== null) {
    const fix = `unixsocket ${place} in redis.conf, or another path in --redis-url`;
    return error(about, `There is no socket ${place}`, fix);
  }
  if (failure instanceof Deno.errors.ConnectionRefused) {
    const fix = socket === null
      ? `redis-server --port ${port}, or the right --redis-host and --redis-port`
      : `redis-server --unixsocket ${place}`;
    return error(about, `${place} refuses connections: no server listens there`, fix);
  }
  const fix = "Open the port in the firewall, or give the right --redis-host";
  return error(about, `${place} cannot be reached: ${message}`, fix);
}

/** Whether Redis answers without TLS. */
async function speaksPlain({ host: hostname, port }: OriginAddress, limit: number) {
  try {
    const connection = new Connection(await within(Deno.connect({ hostname, port }), limit));
    const asked = within(connection.call("PING"), limit);
    return await asked.then(() => true).finally(() => connection.close("the check is over"));
  } catch {
    return false;
  }
}

/** Says why TLS failed. */
export function tlsFinding(message: string, address: OriginAddress): Finding {
  const openssl = /: (openssl req .*) \(/.exec(message)?.[1];
  const name = /only valid for (?:\w+\()?"([^"]+)"/.exec(message)?.[1] ?? "NAME";
  const fixes: [RegExp, string][] = [
    [/marked as an authority/, openssl ?? ""],
    [/no trusted authority/, "--redis-ca ca.crt"],
    [/for another name/, `--redis-server-name ${name}`],
    [/does not speak TLS/, `RP_REDIS_URL=${display({ ...address, tls: null })}`],
    [/client certificate|CertificateRequired/, "--redis-cert client.crt --redis-key client.key"],
    [/[Ee]xpired/, "Renew the certificate of Redis"],
    [/version 1/, "Make a certificate with extensions: openssl x509 -req -extfile ..."],
  ];
  const fix = fixes.find(([words]) => words.test(message))?.[1];
  return error("TLS", `TLS to Redis failed: ${message}`, fix ?? "--redis-ca ca.crt");
}
