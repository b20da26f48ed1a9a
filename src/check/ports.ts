/**
 * The ports of the proxy itself: free or taken, and the certificate for clients.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { checkHealth } from "../app/healthcheck.ts";
import { identityOf, trySocket } from "../app/listener.ts";
import { type Config, ConfigError, displayAddress, type Values } from "../config/mod.ts";
import { error, type Finding, ok, refusal, warning } from "./finding.ts";
import { isFolder } from "./folder.ts";

const DAY = 86_400_000;

/** A certificate that ends within this time should be replaced now. */
const SOON = 14 * DAY;

/** An address to listen on, and the flags that name it. */
interface Place {
  readonly about: "port" | "admin port";
  readonly host: string;
  readonly port: number;
}

const FLAGS = {
  "port": { address: "--listen-address", port: "--port" },
  "admin port": { address: "--admin-address", port: "--admin-port" },
};

/** Checks the addresses and ports of the proxy. */
export async function checkPorts(config: Config, now: Date): Promise<Finding[]> {
  const findings = [...await sockets(config), ...certificate(config, now)];
  const open: Deno.Listener[] = [];
  for (const place of placesOf(config)) findings.push(await tryPort(place, config, open));
  for (const listener of open) listener.close();
  return findings;
}

function placesOf({ values }: Config): Place[] {
  const { port, "admin-port": adminPort, "admin-address": adminAddress } = values;
  const hosts = values["listen-address"].flatMap(({ host }) => host ?? []);
  const places: Place[] = hosts.map((host) => ({ about: "port", host, port }));
  if (adminPort !== null) {
    places.push({ about: "admin port", host: adminAddress, port: adminPort });
  }
  return places;
}

/** The listeners stay open until all are tried: two settings may name the same port. */
async function tryPort(
  { about, host: hostname, port }: Place,
  { values }: Config,
  open: Deno.Listener[],
): Promise<Finding> {
  const flags = FLAGS[about];
  try {
    open.push(Deno.listen({ hostname, port, reusePort: values["reuse-port"] }));
    return ok(about, port === 0 ? `${hostname}: any free one` : `${hostname}:${port} is free`);
  } catch (failure) {
    const { message } = failure as Error;
    if (failure instanceof Deno.errors.PermissionDenied) {
      const fix = `${flags.port} 8080, or setcap cap_net_bind_service=+ep redis-proxy`;
      return error(about, `Only root may listen on port ${port}`, fix);
    }
    if (!(failure instanceof Deno.errors.AddrInUse)) {
      return error(about, `Cannot listen on ${hostname}: ${message}`, `${flags.address} 127.0.0.1`);
    }
    const isOurs = open.some(({ addr }) => (addr as Deno.NetAddr).port === port);
    const other = `${flags.port} ${port === 65535 ? port - 1 : port + 1}`;
    const isProxy = about === "port" && !isOurs && await checkHealth(values, () => {});
    return isProxy
      ? error(
        about,
        `${hostname}:${port} is in use by a proxy that answers: a second one cannot start`,
        `${other}, or --reuse-port yes for both proxies`,
      )
      : error(about, `${hostname}:${port} is in use`, other);
  }
}

/** Tries to make each Unix socket under another name. */
async function sockets({ values }: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const address of values["listen-address"]) {
    if (address.socket !== null) findings.push(await socketFinding(address.socket, values));
  }
  return findings;
}

async function socketFinding(socket: string, values: Values): Promise<Finding> {
  const place = displayAddress({ host: null, socket });
  const folder = socket.replace(/[^/]*$/, "");
  if (!isFolder(folder)) {
    const found = `${place} cannot be made: there is no folder ${folder}`;
    return error("port", found, `mkdir -p ${folder}`);
  }
  try {
    await trySocket(socket, values);
    return ok("port", `${place} can be made`);
  } catch (failure) {
    if (failure instanceof ConfigError) return refusal("port", failure);
    throw failure;
  }
}

function certificate({ values }: Config, now: Date): Finding[] {
  try {
    if (identityOf(values) === null) return [];
    return [judgeCertificate("certificate", values["tls-cert"]!, now)];
  } catch (failure) {
    if (failure instanceof ConfigError) return [refusal("certificate", failure)];
    throw failure;
  }
}

/** Judges the dates of the first certificate in a file that was read before. */
export function judgeCertificate(about: string, path: string, now: Date): Finding {
  const { validFrom, validTo } = new X509Certificate(Deno.readTextFileSync(path));
  const [from, to] = [new Date(validFrom), new Date(validTo)];
  const day = to.toISOString().slice(0, 10);
  const fix = `Renew ${path}, then kill -HUP the proxy`;
  if (to < now) return error(about, `${path} expired on ${day}`, fix);
  if (from > now) {
    const found = `${path} is not valid before ${from.toISOString()}`;
    return error(about, found, "Set the clock of this machine: timedatectl set-ntp true");
  }
  if (to.getTime() - now.getTime() < SOON) return warning(about, `${path} expires on ${day}`, fix);
  return ok(about, `${path} is valid until ${day}`);
}
