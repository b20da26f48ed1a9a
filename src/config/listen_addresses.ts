/**
 * The kind of setting that says where to listen.
 *
 * @module
 */
import { host } from "./hosts.ts";
import type { Kind } from "./kind.ts";
import { SOCKET_PATH_BYTES, socketPathOf } from "./socket_path.ts";

/** A host or an IP address for TCP, or the path of a Unix socket. */
export type ListenAddress =
  | { readonly host: string; readonly socket: null }
  | { readonly host: null; readonly socket: string };

const HOST = host("port");
const UNIX = /^unix:(?:\/\/)?(\/[^/].*)$/;

/** One or more addresses, with commas between them. */
export const listenAddresses: Kind<readonly ListenAddress[]> = {
  placeholder: "<addresses>",
  wanted: "host names, IP addresses or unix:///path, with commas between them",
  parse: (text) => {
    const all = text.split(",").map((one) => addressOf(one.trim()));
    return all.every((one) => one !== undefined) ? all : undefined;
  },
  wantedFor: (text) => {
    const wrong = text.split(",").find((one) => addressOf(one.trim()) === undefined)!.trim();
    if (UNIX.test(wrong)) return `a path of at most ${SOCKET_PATH_BYTES} bytes, with valid escapes`;
    const wanted = HOST.wantedFor!(wrong);
    return wanted === HOST.wanted ? listenAddresses.wanted : wanted;
  },
};

function addressOf(text: string): ListenAddress | undefined {
  const path = UNIX.exec(text)?.[1];
  if (path === undefined) {
    const host = text.startsWith("unix:") ? undefined : HOST.parse(text);
    return host === undefined ? undefined : { host, socket: null };
  }
  const socket = socketPathOf(path);
  return socket === undefined ? undefined : { host: null, socket };
}

/** Returns an address as the log shows it. */
export function displayAddress({ host, socket }: ListenAddress): string {
  return socket === null ? host : `unix://${socket}`;
}
