/**
 * Commands about the connection: its user, its protocol, its end.
 * Source: the pages of the commands in the Redis documentation, and the errors of redis-server.
 *
 * @module
 */
import { DEFAULT_USER } from "../../core/credentials.ts";
import type { ClientRequest } from "../../server/protocol.ts";
import { array, bulk, integer, map, OK, PONG, type RespVersion, simple } from "../replies.ts";
import { BulkReply, FixedReply, refuse, textReply } from "../requests/fixed.ts";
import { login } from "../login.ts";
import type { Session } from "../session.ts";
import { isPrintable, NAME_ERROR } from "./client.ts";
import type { Arguments } from "../parse/arguments.ts";
import { type LocalCommand, NO_KEYS, parseInteger } from "./command.ts";

const NO_PASSWORD = "ERR AUTH <password> called without any password configured for the default " +
  "user. Are you sure your configuration is correct?";

const NOT_AUTHENTICATED = "NOAUTH HELLO must be called with the client already authenticated, " +
  "otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client " +
  "and select the RESP protocol version at the same time";

const shared = { group: "connection", keys: NO_KEYS } as const;

export const CONNECTION: readonly LocalCommand[] = [
  {
    ...shared,
    name: "hello",
    arity: -1,
    summary: "Sets the version of RESP; can also authenticate and name the connection",
    since: "6.0.0",
    flags: "noscript loading stale fast no_auth allow_busy @fast @connection",
    run: hello,
  },
  {
    ...shared,
    name: "auth",
    arity: -2,
    summary: "Authenticates the connection",
    since: "1.0.0",
    flags: "noscript loading stale fast no_auth allow_busy @fast @connection",
    run: auth,
  },
  {
    ...shared,
    name: "select",
    arity: 2,
    summary: "Selects the database of the cache, the only one",
    since: "1.0.0",
    flags: "loading stale fast @fast @connection",
    run: select,
  },
  {
    ...shared,
    name: "ping",
    arity: -1,
    summary: "Returns PONG, or its argument",
    since: "1.0.0",
    flags: "fast @fast @connection",
    run: ping,
  },
  {
    ...shared,
    name: "echo",
    arity: 2,
    summary: "Returns its argument",
    since: "1.0.0",
    flags: "loading stale fast @fast @connection",
    run: (args) => new BulkReply(args.copy(1)),
  },
  {
    ...shared,
    name: "quit",
    arity: -1,
    summary: "Ends the connection",
    since: "1.0.0",
    flags: "noscript loading stale fast no_auth allow_busy @fast @connection",
    run: () => new FixedReply(OK, true),
  },
  {
    ...shared,
    name: "reset",
    arity: 1,
    summary: "Resets the connection to its initial state",
    since: "6.2.0",
    flags: "noscript loading stale fast no_auth allow_busy @fast @connection",
    run: (_, session) => {
      session.reset();
      return textReply(simple("RESET"));
    },
  },
];

/** An error in any option leaves the session unchanged. */
function hello(args: Arguments, session: Session): ClientRequest {
  let version: RespVersion = session.version;
  if (args.count > 1) {
    const wanted = parseInteger(args.string(1));
    if (wanted === undefined) {
      return refuse("ERR Protocol version is not an integer or out of range");
    }
    if (wanted !== 2 && wanted !== 3) return refuse("NOPROTO unsupported protocol version");
    version = wanted;
  }
  let user: string | null = null;
  let password = "";
  let name: string | null = null;
  for (let at = 2; at < args.count; at++) {
    const option = args.string(at);
    const left = args.count - 1 - at;
    if (option.toLowerCase() === "auth" && left >= 2) {
      user = args.string(++at);
      password = args.string(++at);
    } else if (option.toLowerCase() === "setname" && left >= 1) {
      name = args.string(++at);
      if (!isPrintable(name)) return refuse(NAME_ERROR);
    } else {
      return refuse(`ERR Syntax error in HELLO option '${option}'`);
    }
  }
  if (user === null && !session.isAuthenticated) return refuse(NOT_AUTHENTICATED);
  const settle = () => {
    if (name !== null) session.name = name;
    session.version = version;
    return textReply(greeting(session));
  };
  return user === null ? settle() : login({ username: user, password }, session, settle);
}

function greeting({ version, id, context }: Session): string {
  return map(version, [
    ["server", bulk("redis")],
    ["version", bulk(context.redisVersion())],
    ["proto", integer(version)],
    ["id", integer(id)],
    ["mode", bulk(context.seen ?? "standalone")],
    ["role", bulk("master")],
    ["modules", array([])],
  ]);
}

function auth(args: Arguments, session: Session): ClientRequest {
  if (args.count > 3) return refuse("ERR syntax error");
  const username = args.count === 3 ? args.string(1) : DEFAULT_USER;
  const password = args.string(args.count - 1);
  const done = () => new FixedReply(OK);
  const unneeded = args.count === 3 ? done : () => refuse(NO_PASSWORD);
  return login({ username, password }, session, done, unneeded);
}

/** The cache has the keys of one database, so an OK for another one would be wrong. */
function select(args: Arguments, { context }: Session): ClientRequest {
  const index = parseInteger(args.string(1));
  if (index === undefined) return refuse("ERR value is not an integer or out of range");
  if (index === context.database) return new FixedReply(OK);
  return refuse(
    `ERR DB index is out of range: this read cache serves database ${context.database}`,
  );
}

function ping(args: Arguments): ClientRequest {
  if (args.count > 2) return refuse("ERR wrong number of arguments for 'ping' command");
  return args.count === 2 ? new BulkReply(args.copy(1)) : new FixedReply(PONG);
}
