/**
 * The handshakes of clients that a test cannot install, taken from their sources or recorded on the
 * wire, and the replies that each one needs.
 *
 * Every command is sent as an array of bulk strings, as all of these clients do, so a list of words
 * is the exact bytes; commands of one exchange are sent at once, before a reply is read.
 *
 * @module
 */

/** The required kind of a reply. */
export type Want =
  /** `+OK`. */
  | "OK"
  /** HELLO's reply as a RESP3 map; the connection is in RESP3 from then on. */
  | "hello 3"
  /** The same as a flat RESP2 array. */
  | "hello 2"
  /** An error, never OK: the client would wait for what OK promises. */
  | "refusal"
  | "integer"
  /** A string of INFO with a line `role:master`. */
  | "master"
  /** The last argument as a bulk string, byte for byte. */
  | "echo"
  /** The null of the connection's protocol. */
  | "null"
  | "PONG"
  /** Any well-formed reply, even an error: other tests check the answer. */
  | "any";

export interface Exchange {
  readonly command: readonly string[];
  readonly want: Want;
}

/** The user's configuration of the client. */
export interface Options {
  readonly password: string | null;
  readonly name: string | null;
}

export interface Handshake {
  /** Name and version of the client that was read or recorded. */
  readonly client: string;
  /** The protocol of the connection after the handshake. */
  readonly protocol: 2 | 3;
  /** Groups of commands. The client waits for the replies of a group before it sends the next. */
  readonly groups: (options: Options) => readonly (readonly Exchange[])[];
}

function exchange(want: Want, ...command: string[]): Exchange {
  return { command, want };
}

function given(value: string | null, ...words: string[]): string[] {
  return value === null ? [] : [...words, value];
}

function when(condition: unknown, ...exchanges: Exchange[]): Exchange[] {
  return condition ? exchanges : [];
}

/** Sets a library name, then a version. */
function setInfo(name: string, version: string, words = ["LIB-NAME", "LIB-VER"]): Exchange[] {
  return [
    exchange("OK", "CLIENT", "SETINFO", words[0]!, name),
    exchange("OK", "CLIENT", "SETINFO", words[1]!, version),
  ];
}

/** Each command in its own group: sent after the reply to the previous one. */
function alone(...exchanges: Exchange[]): Exchange[][] {
  return exchanges.map((exchange) => [exchange]);
}

const ENDPOINT = ["moving-endpoint-type", "internal-ip"];
/** The bytes of a GUID, as StackExchange.Redis sends them: any bytes. */
const GUID = "\x00\r\n\xff$*\x80\x9f-1\r\n\x01\x02\x03\xfe";

export const HANDSHAKES: readonly Handshake[] = [
  {
    client: "redis-py 8.1",
    protocol: 3,
    groups: ({ password, name }) =>
      alone(
        exchange("hello 3", "HELLO", "3", ...given(password, "AUTH", "default")),
        exchange("refusal", "CLIENT", "MAINT_NOTIFICATIONS", "ON", ...ENDPOINT),
        ...when(name, exchange("OK", "CLIENT", "SETNAME", name!)),
        ...setInfo("redis-py", "8.1.0"),
        exchange("OK", "SELECT", "0"),
      ),
  },
  {
    client: "redis-py 7.4",
    protocol: 2,
    groups: ({ password, name }) =>
      alone(
        ...when(password, exchange("OK", "AUTH", password!)),
        ...when(name, exchange("OK", "CLIENT", "SETNAME", name!)),
        ...setInfo("redis-py", "7.4.0"),
      ),
  },
  {
    client: "go-redis 9.22",
    protocol: 3,
    groups: ({ password, name }) => [
      [exchange(
        "hello 3",
        ...["hello", "3", ...given(password, "auth", "default"), ...given(name, "setname")],
      )],
      ...(name === null ? [] : [[exchange("OK", "client", "setname", name)]]),
      [exchange("refusal", "client", "maint_notifications", "on", ...ENDPOINT)],
      [
        exchange("OK", "client", "setinfo", "LIB-NAME", "go-redis(,go1.25.0)"),
        exchange("OK", "client", "setinfo", "LIB-VER", "9.22.0"),
      ],
    ],
  },
  {
    client: "jedis 7.5",
    protocol: 2,
    groups: ({ password, name }) => [
      when(password, exchange("OK", "AUTH", password!)),
      [
        ...when(name, exchange("OK", "CLIENT", "SETNAME", name!)),
        ...setInfo("jedis", "7.5.3"),
      ],
      [exchange("OK", "SELECT", "0")],
    ],
  },
  {
    client: "jedis 8.0 beta",
    protocol: 3,
    groups: ({ password, name }) => [
      [exchange("hello 3", "HELLO", "3", ...given(password, "AUTH", "default"))],
      [
        ...when(name, exchange("OK", "CLIENT", "SETNAME", name!)),
        ...setInfo("jedis", "8.0.0-beta1"),
      ],
    ],
  },
  {
    client: "lettuce 7.8",
    protocol: 3,
    groups: ({ password, name }) => [
      [exchange(
        "hello 3",
        ...["HELLO", "3", ...given(password, "AUTH", "default"), ...given(name, "SETNAME")],
      )],
      setInfo("Lettuce", "7.8.0.RELEASE/1234567", ["lib-name", "lib-ver"]),
      [exchange("refusal", "CLIENT", "MAINT_NOTIFICATIONS", "on", ...ENDPOINT)],
      [exchange("PONG", "PING")],
    ],
  },
  {
    client: "StackExchange.Redis 3.1",
    protocol: 3,
    groups: ({ password, name }) => [[
      ...when(password, exchange("OK", "AUTH", password!)),
      exchange("hello 3", "HELLO", "3"),
      exchange("OK", "CLIENT", "SETNAME", name ?? "host(SE.Redis-v3.1.0)"),
      ...setInfo("SE.Redis", "3.1.0", ["lib-name", "lib-ver"]),
      exchange("integer", "CLIENT", "ID"),
      exchange("any", "CONFIG", "GET", "timeout"),
      exchange("any", "CONFIG", "GET", "replica-read-only"),
      exchange("any", "CONFIG", "GET", "databases"),
      exchange("refusal", "SENTINEL", "MASTERS"),
      exchange("master", "INFO", "replication"),
      exchange("any", "INFO", "server"),
      exchange("refusal", "CLUSTER", "NODES"),
      exchange("null", "GET", "__Booksleeve_TieBreak"),
      exchange("echo", "ECHO", GUID),
    ]],
  },
  {
    client: "StackExchange.Redis 2.12",
    protocol: 2,
    groups: ({ password, name }) => [[
      ...when(password, exchange("OK", "AUTH", password!)),
      exchange("OK", "CLIENT", "SETNAME", name ?? "host(SE.Redis-v2.12.0)"),
      ...setInfo("SE.Redis", "2.12.0", ["lib-name", "lib-ver"]),
      exchange("integer", "CLIENT", "ID"),
      exchange("any", "CONFIG", "GET", "timeout"),
      exchange("refusal", "SENTINEL", "MASTERS"),
      exchange("master", "INFO", "replication"),
      exchange("null", "GET", "__Booksleeve_TieBreak"),
      exchange("echo", "ECHO", GUID),
    ]],
  },
  {
    client: "redis-rb 5 with redis-client 0.30",
    protocol: 3,
    groups: ({ password, name }) => [[
      exchange("hello 3", "HELLO", "3", ...given(password, "AUTH", "default")),
      ...when(name, exchange("OK", "CLIENT", "SETNAME", name!)),
      exchange("OK", "SELECT", "0"),
    ]],
  },
  {
    client: "predis 3.6",
    protocol: 2,
    groups: ({ password, name }) =>
      alone(
        exchange(
          "hello 2",
          ...["HELLO", "2", ...given(password, "AUTH", "default"), "SETNAME", name ?? "predis"],
        ),
        ...setInfo("predis", "3.6.0"),
      ),
  },
  {
    client: "redis-rs 1.6",
    protocol: 2,
    groups: ({ password }) => [[
      ...when(password, exchange("OK", "AUTH", password!)),
      ...setInfo("redis-rs", "1.6.0"),
    ]],
  },
  {
    client: "redis-rs 1.6",
    protocol: 3,
    groups: ({ password }) => [[
      exchange("hello 3", "HELLO", "3", ...given(password, "AUTH", "default")),
      ...setInfo("redis-rs", "1.6.0"),
    ]],
  },
  {
    client: "valkey-glide 2",
    protocol: 3,
    groups: ({ password, name }) => [
      [
        exchange("hello 3", "HELLO", "3", ...given(password, "AUTH", "default")),
        ...when(name, exchange("OK", "CLIENT", "SETNAME", name!)),
        ...setInfo("GlideRust", "2.0.0"),
      ],
      [exchange("master", "INFO", "REPLICATION")],
    ],
  },
];
