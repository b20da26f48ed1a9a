/**
 * Requests to compare with redis-server: valid, odd and malformed. If the answers differ, a case
 * says why.
 *
 * @module
 */
import { request } from "./client.ts";

export interface ParityCase {
  readonly name: string;
  /** The bytes, as code units 0 to 255. */
  readonly send: string;
  /** Why the answer differs from Redis. */
  readonly differs?: string;
  /** Parts of the answer that differ on any two servers; they are not compared. */
  readonly mask?: RegExp;
  /** Whether the server ends the connection while it waits for more, so that nothing follows. */
  readonly isLast?: boolean;
}

/** The commands that create the keys of the backing server. */
export const SEED: readonly (readonly string[])[] = [
  ["SET", "str", "hello world"],
  ["SET", "empty", ""],
  ["SET", "num", "42"],
  ["SET", "bin", "\0\r\n\x80\xff$5\r\n"],
  ["SET", "big", "0123456789".repeat(20_000)],
  ["SET", "\xff\0key", "odd key"],
  ["RPUSH", "list", "a", "b"],
  ["HSET", "hash", "f", "v"],
  ["SADD", "set", "m"],
  ["ZADD", "zset", "1", "m"],
];

const ID = /(?<=\$2\r\nid\r\n):\d+/;

/** The value of a field of INFO, or the length of the reply. */
const FIGURE = /(?<=^[$=])\d+|(?<=^[a-z_]+:)[^\r\n]*/gm;

const OLDER = "redis-server 7.0 does not know it yet; later ones answer as we do";

/** Single requests, each sent as an array of bulk strings. */
function commands(differs: string | undefined, ...lines: (string | string[])[]): ParityCase[] {
  return lines.map((line) => {
    const args = typeof line === "string" ? line.split(" ") : line;
    return {
      name: JSON.stringify(args.join(" ").slice(0, 60)),
      send: request(...args),
      ...(differs === undefined ? {} : { differs }),
    };
  });
}

/** Raw bytes. */
function raw(name: string, send: string, differs?: string): ParityCase {
  return { name, send, ...(differs === undefined ? {} : { differs }) };
}

const READS = commands(
  undefined,
  ...["GET str", "GET empty", "GET num", "GET bin", "GET big", "GET none", "get str", "GeT str"],
  ...["GET list", "GET hash", "GET set", "GET zset", "GET", "GET a b"],
  ["GET", ""],
  ["GET", "\xff\0key"],
  ["GET", "with blank"],
  ["GET", "x".repeat(100_000)],
  ...["MGET str", "MGET str none num", "MGET none", "MGET str list hash", "MGET str str", "MGET"],
  ["MGET", "", "\xff\0key"],
  ["MGET", ...Array.from({ length: 2000 }, (_, index) => index % 2 ? "str" : `none${index}`)],
  ...["STRLEN str", "STRLEN empty", "STRLEN none", "STRLEN list", "STRLEN", "STRLEN a b"],
  ...["STRLEN bin", "STRLEN big", "EXISTS str", "EXISTS none", "EXISTS list", "EXISTS"],
  ...["EXISTS str str none list", "EXISTS empty"],
  ...["GETRANGE str 0 4", "GETRANGE str -5 -1", "GETRANGE str 0 -1", "GETRANGE str 5 2"],
  ...["GETRANGE str 20 30", "GETRANGE str 0 100", "GETRANGE str -100 3", "GETRANGE str -100 -90"],
  ...["GETRANGE str -90 -100", "GETRANGE str -1 -5", "GETRANGE str 3 3", "GETRANGE none 0 1"],
  ...["GETRANGE empty 0 -1", "GETRANGE empty -3 -1", "GETRANGE list 0 1", "GETRANGE str a 1"],
  ...["GETRANGE str 1", "GETRANGE str 1 2 3", "GETRANGE str 01 2", "GETRANGE str +1 2"],
  ...["GETRANGE str 0 9223372036854775807", "GETRANGE str 0 9223372036854775808"],
  ...["GETRANGE str -9223372036854775808 3", "GETRANGE str -9223372036854775809 3"],
  ...["GETRANGE str -0 3", "GETRANGE str 1.0 3", "GETRANGE none a b", "GETRANGE list a b"],
  ["GETRANGE", "str", " 1", "3"],
  ["GETRANGE", "str", "", "3"],
  ...["GETRANGE bin 1 3", "SUBSTR str 2 5", "SUBSTR none 0 1", "SUBSTR list 0 1", "SUBSTR str 1"],
);

const CONNECTION: readonly ParityCase[] = [
  ...commands(
    undefined,
    ...["PING", "ping", "PING hello", "PING a b", "ECHO hello", "ECHO", "ECHO a b", "QUIT"],
    ["PING", ""],
    ["PING", "\0\r\n\xff"],
    ["ECHO", ""],
    ["ECHO", "\0\r\n\xff"],
    ["ECHO", "e".repeat(100_000)],
    ["QUIT", "now"],
    ...["SELECT 0", "SELECT a", "SELECT", "SELECT 0 1", "SELECT 99999999999999999999", "RESET"],
    ...["RESET now", "AUTH", "AUTH a b c", "AUTH secret", "AUTH default secret", "AUTH someone x"],
    ...["CLIENT", "CLIENT GETNAME", "CLIENT SETNAME me", "CLIENT SETNAME", "CLIENT SETNAME a b"],
    ["CLIENT", "SETNAME", ""],
    ["CLIENT", "SETNAME", "with blank"],
    ["CLIENT", "SETNAME", "line\nbreak"],
    ["CLIENT", "SETNAME", "umläut"],
    ...["CLIENT ID now", "CLIENT GETNAME now", "CLIENT INFO now", "CLIENT FOO", "CLIENT foo bar"],
    ["CLIENT", ""],
    ["CLIENT", "a\r\nb"],
    ...["CLIENT REPLY ON", "CLIENT REPLY OFF", "CLIENT REPLY SKIP", "CLIENT REPLY MAYBE"],
    ...["CLIENT REPLY", "CLIENT NO-EVICT ON", "CLIENT NO-EVICT OFF", "CLIENT NO-EVICT MAYBE"],
    ...["CLIENT NO-EVICT", "CLIENT GETREDIR", "CLIENT LIST FOO", "CLIENT LIST TYPE foo"],
    ...["CLIENT LIST TYPE master", "CLIENT LIST ID", "CLIENT LIST ID a", "CLIENT LIST ID 0"],
    ...["CLIENT LIST ID 999999999", "CLIENT LIST TYPE", "CLIENT LIST TYPE replica x"],
    ...["HELLO x", "HELLO 1", "HELLO 4", "HELLO 3 FOO", "HELLO 3 AUTH default", "HELLO 3 SETNAME"],
    ...["HELLO 2 AUTH someone x", "HELLO 99999999999999999999", "HELLO -3", "HELLO 3.0"],
    ["HELLO", "3", "SETNAME", "with blank"],
    ["HELLO", ""],
  ),
  ...["HELLO", "HELLO 2", "HELLO 3", "HELLO 3 SETNAME me", "HELLO 3 AUTH default x", "hello 2"].map(
    (line) => ({ ...commands(undefined, line)[0]!, mask: ID }),
  ),
  { ...commands(undefined, "CLIENT ID")[0]!, mask: /:\d+/ },
  { ...commands(undefined, "TIME")[0]!, mask: /(?<=\r\n)\d+|(?<=\r\n)\$\d/g },
  ...commands(undefined, "SELECT 1", "SELECT 16", "SELECT -1"),
  ...commands(OLDER, "CLIENT SETINFO LIB-NAME x", "CLIENT SETINFO LIB-VER 1", "CLIENT NO-TOUCH ON"),
  ...commands(OLDER, "CLIENT SETINFO FOO x", "CLIENT SETINFO"),
  ...commands("no client is shown another's figures", "CLIENT LIST", "CLIENT INFO"),
  ...commands(undefined, "CLIENT TRACKING ON", "CLIENT CACHING YES"),
  ...commands(undefined, "CLIENT HELP", "CLIENT KILL ID 999999"),
  ...commands("it would stop all clients of Redis, and is denied", "CLIENT PAUSE 0"),
];

const SERVER: readonly ParityCase[] = [
  ...commands(
    undefined,
    ...["CONFIG GET appendonly", "CONFIG GET save", "CONFIG GET nothing", "CONFIG", "CONFIG GET"],
    ...["CONFIG FOO", "CONFIG GET SAVE", "INFO nothing", "COMMAND FOO", "COMMAND COUNT now"],
    ...["COMMAND INFO foo", "COMMAND INFO foo bar", "COMMAND DOCS foo", "COMMAND GETKEYS"],
    ...["COMMAND GETKEYS GET k", "COMMAND GETKEYS MGET a b c", "COMMAND GETKEYS PING"],
    ...["COMMAND GETKEYS foo", "COMMAND GETKEYS GET", "COMMAND GETKEYS GET a b"],
    ...["COMMAND GETKEYS GETRANGE k 0 1", "TIME now", "CLUSTER INFO", "CLUSTER NODES", "CLUSTER"],
    ...["READONLY", "READWRITE", "READONLY now", "ASKING", "SENTINEL MASTERS"],
  ),
  ...commands("our own section follows those of Redis", "INFO", "INFO all"),
  ...["INFO server", "INFO replication clients"].map((line) => ({
    ...commands(undefined, line)[0]!,
    mask: FIGURE,
  })),
  ...commands(undefined, "COMMAND COUNT", "COMMAND LIST", "COMMAND DOCS get"),
  ...commands(undefined, "COMMAND INFO get", "COMMAND INFO get foo"),
  ...commands(undefined, "CONFIG SET timeout 0", "CONFIG RESETSTAT"),
];

const REFUSED: readonly ParityCase[] = [
  ...commands(
    undefined,
    ...["FOO", "foo bar", "FOO a b c d e f", "GE", "GETT str", "GET\tstr", "CLIENT|ID"],
    [""],
    ["", "arg"],
    ["\0"],
    ["FOO", "\0"],
    ["FOO", "a\0b", "c"],
    ["FO\0O", "a"],
    ["FOO\r\nBAR", "a\r\nb"],
    ["FOO", "\xff\x80"],
    ["FOO", "'", '"'],
    ["F".repeat(127)],
    ["F".repeat(128)],
    ["F".repeat(129)],
    ["F".repeat(100_000)],
    ["FOO", "a".repeat(127), "b"],
    ["FOO", "a".repeat(126), "b"],
    ["FOO", "a".repeat(125), "b"],
    ["FOO", "a".repeat(60), "b".repeat(60), "c".repeat(60)],
    ["FOO", "a".repeat(300_000)],
    ["FOO", "a", "b".repeat(300_000), "c"],
    ["FOO", ...Array.from({ length: 300 }, () => "")],
  ),
  ...commands(
    undefined,
    ...["SET k v", "DEL none", "INCR list", "HGET hash f", "LRANGE list 0 -1", "KEYS *", "DBSIZE"],
    ...["TTL str", "TYPE str", "SUBSCRIBE c", "MULTI", "EXEC", "WATCH k", "EVAL x 0"],
    ...["GETEX str", "GETDEL nokey", "OBJECT HELP", "SCAN 0", "ROLE", "LASTSAVE", "WAIT 0 0"],
    ["SET", "k", "v".repeat(300_000)],
  ),
];

export const INLINE: readonly ParityCase[] = [
  raw("inline GET", "GET str\r\n"),
  raw("inline with a bare LF", "GET str\n"),
  raw("inline with blanks", "  GET \t str  \r\n"),
  raw("inline in quotes", 'GET "str"\r\n'),
  raw("inline in single quotes", "GET 'str'\r\n"),
  raw("inline with escapes", 'ECHO "\\x41\\n\\t\\\\\\"\\q"\r\n'),
  raw("inline with a bad hex escape", 'ECHO "\\xzz"\r\n'),
  raw("inline single quotes take no escapes", "ECHO 'a\\nb\\'c'\r\n"),
  raw("inline empty quotes", 'ECHO ""\r\n'),
  raw("inline quotes inside of a word", 'ECHO a"b c"\r\n'),
  raw("inline unbalanced double quote", 'GET "str\r\n'),
  raw("inline unbalanced single quote", "GET 'str\r\n"),
  raw("inline quote followed by a letter", 'GET "str"x\r\n'),
  raw("inline quotes that touch", 'set """test-key""" test-value\r\n'),
  raw("inline with a lone backslash", "ECHO a\\b\r\n"),
  raw("empty line", "\r\n"),
  raw("empty lines", "\r\n\r\n\n\n"),
  raw("lines of blanks", "   \r\n\t\r\n"),
  raw("empty line, then a command", "\r\nPING\r\n"),
  raw("inline unknown command", "FOO bar\r\n"),
  raw("inline NUL where a line begins", "PING\r\n\0", "Redis takes no line behind a NUL"),
  raw("inline POST", "POST / foo\r\n"),
  raw("inline Host:", "Host: example\r\n"),
  raw("array POST", request("POST", "/")),
  raw("inline high bytes", "ECHO \x80\xff\r\n"),
  raw("inline of just under 64 KiB", `ECHO ${"a".repeat(65_000)}\r\n`),
  { name: "too big inline request", send: "a".repeat(100_000), isLast: true },
  raw("inline two commands in a chunk", "PING\r\nECHO x\r\n"),
];

export const FRAMES: readonly ParityCase[] = [
  raw("negative array", "*-10\r\n"),
  raw("null array", "*-1\r\n"),
  raw("empty array", "*0\r\n"),
  raw("empty arrays, then a command", "*0\r\n*-1\r\nPING\r\n"),
  raw("array count out of range", "*3000000000\r\n"),
  raw("array count beyond 64 bits", "*99999999999999999999999\r\n"),
  raw("array count that is no number", "*blabla\r\n"),
  raw("array count missing", "*\r\n"),
  raw("array count with a plus", "*+1\r\n"),
  raw("array count with a leading zero", "*01\r\n"),
  raw("array count of minus zero", "*-0\r\n"),
  raw("array count with a blank", "* 1\r\n"),
  raw("array count with a fraction", "*1.5\r\n"),
  raw("array count with a NUL", "*1\x00\r\n" + "A".repeat(100_000), "Redis stops at NUL"),
  raw("array not followed by bulk strings", "*1\r\nfoo\r\n"),
  raw("array of arrays", "*1\r\n*1\r\n$4\r\nPING\r\n"),
  raw("array of simple strings", "*1\r\n+PING\r\n"),
  raw("array of integers", "*1\r\n:1\r\n"),
  raw("wrong header of an argument", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n"),
  raw("negative length of an argument", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n"),
  raw("null argument", "*2\r\n$3\r\nGET\r\n$-1\r\n"),
  raw("length of an argument out of range", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n"),
  raw("length of an argument beyond 64 bits", "*1\r\n$99999999999999999999999\r\n"),
  raw("length of an argument that is no number", "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n"),
  raw("length of an argument missing", "*1\r\n$\r\n"),
  raw("length of an argument with a leading zero", "*1\r\n$04\r\nPING\r\n"),
  raw("length of an argument with a blank", "*1\r\n$ 4\r\nPING\r\n"),
  raw("length one byte too short", "*1\r\n$3\r\nPING\r\n"),
  raw("header is a line break", "*1\r\n\r\n"),
  raw("header is a line feed", "*1\r\n\n"),
  raw("header is a NUL", "*1\r\n\0abc\r\n", "Redis prints the character as the end of its string"),
  raw("bulk string not followed by CRLF", "*1\r\n$4\r\nPINGxx"),
  raw("LF alone behind the count", "*1\n$4\r\nPING\r\n"),
  raw("CR and another byte behind the count", "*1\rx$4\r\nPING\r\n"),
  raw("CR and another byte behind the length", "*1\r\n$4\rxPING\r\n"),
  { name: "too big mbulk count string", send: `*${"1".repeat(100_000)}`, isLast: true },
  { name: "too big mbulk count string of letters", send: `*${"A".repeat(100_000)}`, isLast: true },
  { name: "too big bulk count string", send: `*1\r\n$${"1".repeat(100_000)}`, isLast: true },
  { name: "desync: NUL", send: `\0${"A".repeat(100_000)}`, isLast: true },
  { name: "desync: array and NUL", send: `*\0${"A".repeat(100_000)}`, isLast: true },
  { name: "desync: bulk string and NUL", send: `$\0${"A".repeat(100_000)}`, isLast: true },
  raw("a bulk string alone", "$4\r\nPING\r\n"),
  raw("a simple string alone", "+PING\r\n"),
  raw("an error alone", "-ERR no\r\n"),
  raw("RESP3 types as a request", "%1\r\n$1\r\na\r\n"),
  raw("RESP3 null as a request", "_\r\n"),
  raw("array count of two thousand million", "*2000000000\r\n"),
  raw("error, then a good command", "*x\r\n" + request("PING")),
  raw("good command, then an error", request("PING") + "*x\r\n"),
  raw("half a request at the end", "*2\r\n$3\r\nGET\r\n$3\r\nst"),
  raw("half a count at the end", "*"),
  raw("half an inline at the end", "PIN"),
];

const SEQUENCES: readonly ParityCase[] = [
  raw("name is kept", request("CLIENT", "SETNAME", "me") + request("CLIENT", "GETNAME")),
  raw("RESET clears the name", request("CLIENT", "SETNAME", "me") + "RESET\r\nCLIENT GETNAME\r\n"),
  raw("RESET goes back to RESP2", request("HELLO", "3", "X") + "RESET\r\nGET none\r\n"),
  raw("an error in HELLO keeps the version", "HELLO 3 FOO\r\nGET none\r\nHELLO 9\r\nGET none\r\n"),
  raw("SKIP leaves one reply out", "CLIENT REPLY SKIP\r\nPING\r\nECHO x\r\n"),
  raw("SKIP leaves a missing value out", "CLIENT REPLY SKIP\r\nGET none\r\nGET none\r\n"),
  raw("SKIP twice", "CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING\r\nECHO x\r\n"),
  raw("SKIP, then an empty request", "CLIENT REPLY SKIP\r\n*0\r\nPING\r\nPING\r\n"),
  raw("SKIP, then one of less than nothing", "CLIENT REPLY SKIP\r\n*-1\r\nPING\r\nPING\r\n"),
  raw("SKIP, then an empty line", "CLIENT REPLY SKIP\r\n\r\nPING\r\nPING\r\n"),
  raw("SKIP, then a line of blanks", "CLIENT REPLY SKIP\r\n  \nPING\r\nPING\r\n"),
  raw("an empty request, then SKIP", "*0\r\n\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\n"),
  raw("SKIP, then ON", "CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\n"),
  raw("OFF and ON", "CLIENT REPLY OFF\r\nPING\r\nGET str\r\nCLIENT REPLY ON\r\nECHO x\r\n"),
  raw("OFF, then SKIP, then ON", "CLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\n"),
  raw("OFF, then a protocol error", "CLIENT REPLY OFF\r\n*x\r\n"),
  raw("OFF, then RESET", "CLIENT REPLY OFF\r\nPING\r\nRESET\r\nPING\r\n"),
  raw("OFF, then RESET with an argument", "CLIENT REPLY OFF\r\nRESET x\r\nRESET\r\nPING\r\n"),
  raw("SKIP, then RESET", "CLIENT REPLY SKIP\r\nRESET\r\nPING\r\n"),
  raw("pipeline of hits and misses", request("GET", "str").repeat(50) + "GET none\r\n".repeat(50)),
  raw("nothing after QUIT", request("QUIT") + request("PING")),
  raw("unknown commands in a pipeline", "FOO\r\nGET str\r\nBAR x\r\nPING\r\n"),
];

/** Requests to a server without a password. */
export const OPEN_CASES: readonly ParityCase[] = [
  ...READS,
  ...CONNECTION,
  ...SERVER,
  ...REFUSED,
  ...INLINE,
  ...FRAMES,
  ...SEQUENCES,
];

/** The password of the guarded servers. */
export const PASSWORD = "open sesame";

/** Requests to a server with a password, before and after authentication. */
export const GUARDED_CASES: readonly ParityCase[] = [
  ...commands(
    undefined,
    ...[
      "GET str",
      "PING",
      "MGET a b",
      "ECHO x",
      "INFO",
      "COMMAND",
      "CLIENT ID",
      "SELECT 0",
      "FOO x",
    ],
    ...["GET", "CLIENT FOO", "CLIENT SETNAME", "QUIT", "RESET", "HELLO", "HELLO 3", "HELLO 4"],
    ...["HELLO 3 AUTH default wrong", "AUTH wrong", "AUTH default wrong", "AUTH someone wrong"],
    ...["AUTH a b c", "AUTH", "HELLO 3 SETNAME me"],
    ["AUTH", PASSWORD],
    ["AUTH", "default", PASSWORD],
    ["AUTH", "DEFAULT", PASSWORD],
    ["AUTH", `${PASSWORD}\0`],
    ["AUTH", ""],
  ),
  { ...commands(undefined, ["HELLO", "3", "AUTH", "default", PASSWORD])[0]!, mask: ID },
  raw("AUTH lets in", request("AUTH", PASSWORD) + request("GET", "str")),
  raw("a failed AUTH does not put out", `AUTH "${PASSWORD}"\r\nAUTH wrong\r\nGET str\r\n`),
  raw("RESET puts out", `AUTH "${PASSWORD}"\r\nRESET\r\nGET str\r\n`),
  raw("many arguments of a stranger", "*11\r\n"),
  raw("ten arguments of a stranger", "*10\r\n" + "$4\r\nPING\r\n".repeat(10)),
  raw("long argument of a stranger", "*2\r\n$4\r\nECHO\r\n$16385\r\n"),
  raw("argument of a stranger at the limit", request("ECHO", "x".repeat(16_384))),
  raw("many arguments of a user", request("AUTH", PASSWORD) + request("MGET", ..."abcdefghijkl")),
  raw("too many arguments behind AUTH", request("AUTH", PASSWORD) + "*3000000000\r\n"),
  raw("protocol error of a stranger", "*x\r\n"),
  raw("unknown command of a stranger", request("NOSUCH", "a")),
  ...commands(undefined, "SET k v"),
];
