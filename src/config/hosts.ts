/**
 * Kinds of settings that are about hosts and origins.
 *
 * @module
 */
import type { Kind } from "./kind.ts";

/**
 * A host name or an IP address, an IPv6 address with or without brackets.
 *
 * @param portFlag The flag of the port that goes with it, for somebody who writes both together.
 */
export function host(portFlag: string): Kind<string> {
  const kind: Kind<string> = {
    placeholder: "<host>",
    wanted: "a host name or an IP address",
    parse: (text) => {
      const bare = text.replace(/^\[([\da-f:.]+)\]$/i, "$1");
      const isHost = /^[^\s/@?#[\]:]+$/.test(bare) ||
        /^[\da-f:.]*:[\da-f:.]*:[\w.%-]*$/i.test(bare);
      return isHost ? bare : undefined;
    },
    wantedFor: (text) => {
      const both = /^([^\s/@?#[\]:]+|\[[\da-f:.]+\]):(\d+)$/i.exec(text);
      if (both !== null) return `the host alone, and the port in --${portFlag} ${both[2]}`;
      if (portFlag !== "redis-port") return kind.wanted;
      if (/^[a-z+]+:\/\//.test(text)) return "a host; a URL goes into --redis-url";
      return text.startsWith("/")
        ? `a host; a Unix socket goes into --redis-url unix://${text}`
        : kind.wanted;
    },
  };
  return kind;
}

/** The name in a certificate: a host name or an IP address. */
export const serverName: Kind<string> = {
  placeholder: "<name>",
  wanted: "a host name or an IP address",
  parse: (text) => /^([\w.-]+|[\da-f.]*:[\da-f:.]*)$/i.test(text) ? text : undefined,
};

/** Host names or addresses, without ports, in lower case. */
export const hosts: Kind<readonly string[]> = {
  placeholder: "<hosts>",
  wanted: "host names or IP addresses with commas between them, without ports",
  parse: (text) => listOf(text, /^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/),
};

/** Origins of pages, in lower case; or `*` for all of them. */
export const origins: Kind<readonly string[]> = {
  placeholder: "<origins>",
  wanted: "* or origins such as https://example.com:8443 with commas between them",
  parse: (text) => text === "*" ? ["*"] : listOf(text, /^(https?:\/\/[^\s/?#@*]+|null)$/),
};

function listOf(text: string, pattern: RegExp): string[] | undefined {
  const items = text.toLowerCase().split(",").map((item) => item.trim());
  return items.every((item) => pattern.test(item)) ? items : undefined;
}
