/**
 * Random commands to which two servers must reply alike. They use few keys, so that types collide
 * and keys come and go, and nothing that differs between servers, such as clocks and random
 * members.
 *
 * @module
 */

/** Picks the same numbers in [0, 1) for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One command, as its arguments. */
export type Command = readonly string[];

/** Commands whose replies list members in an order that depends on each server's hash seed. */
export const UNORDERED: ReadonlySet<string> = new Set([
  ...["smembers", "sinter", "sunion", "sdiff", "keys", "hkeys", "hvals", "hgetall"],
  ...["scan", "sscan", "hscan", "command", "pubsub"],
]);

export class Generator {
  constructor(readonly random: () => number) {}

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** The next command. One in a hundred is malformed or unknown. */
  next(): Command {
    if (this.below(100) === 0) return this.#odd();
    return this.pick(MAKERS)(this);
  }

  /** A key; each kind of value mostly uses its own keys. */
  key(kind: string): string {
    if (this.below(12) === 0) return this.pick(ALL_KEYS);
    return `${kind}${this.below(4)}`;
  }

  value(): string {
    switch (this.below(8)) {
      case 0:
        return "";
      case 1:
        return String(this.below(2000) - 1000);
      case 2:
        return "\0\r\n\xff$5\r\n*1\r\n";
      case 3:
        return "x".repeat(this.below(3000));
      default:
        return `v${this.below(50)}`;
    }
  }

  member(): string {
    return `m${this.below(12)}`;
  }

  integer(): string {
    return String(this.below(40) - 20);
  }

  score(): string {
    return this.pick(["1", "2.5", "-3", "1e3", "inf", "-inf", String(this.below(100))]);
  }

  #odd(): Command {
    const name = this.pick([
      "SET",
      "GET",
      "HSET",
      "LPUSH",
      "ZADD",
      "EVAL",
      "MSET",
      "NOSUCH",
      "XADD",
    ]);
    return [name, ...Array.from({ length: this.below(4) }, () => this.value())];
  }
}

const KINDS = ["s", "h", "l", "z", "e", "x", "n"];
/** All keys. */
export const ALL_KEYS = KINDS.flatMap((kind) => [0, 1, 2, 3].map((index) => `${kind}${index}`));

type Maker = (g: Generator) => Command;

const STRINGS: Maker[] = [
  (g) => ["GET", g.key("s")],
  (g) => ["GET", g.key("n")],
  (g) => ["get", g.key("s")],
  (g) => ["MGET", g.key("s"), g.key("s"), g.key("h")],
  (g) => ["SET", g.key("s"), g.value()],
  (g) => ["SET", g.key("s"), g.value(), g.pick(["NX", "XX", "GET", "KEEPTTL"])],
  (g) => ["SET", g.key("s"), g.value(), "EX", "1000"],
  (g) => ["SETNX", g.key("s"), g.value()],
  (g) => ["GETSET", g.key("s"), g.value()],
  (g) => ["GETDEL", g.key("s")],
  (g) => ["GETEX", g.key("s"), "PERSIST"],
  (g) => ["MSET", g.key("s"), g.value(), g.key("s"), g.value()],
  (g) => ["MSETNX", g.key("s"), g.value(), g.key("n"), g.value()],
  (g) => ["APPEND", g.key("s"), g.value()],
  (g) => ["STRLEN", g.key("s")],
  (g) => ["GETRANGE", g.key("s"), g.integer(), g.integer()],
  (g) => ["SUBSTR", g.key("s"), g.integer(), g.integer()],
  (g) => ["SETRANGE", g.key("s"), String(g.below(30)), g.value()],
  (g) => ["INCR", g.key("n")],
  (g) => ["DECRBY", g.key("n"), g.integer()],
  (g) => ["INCRBYFLOAT", g.key("n"), "0.5"],
  (g) => ["SETBIT", g.key("n"), String(g.below(64)), String(g.below(2))],
  (g) => ["GETBIT", g.key("n"), String(g.below(64))],
  (g) => ["BITCOUNT", g.key("s")],
  (g) => ["BITOP", g.pick(["AND", "OR", "XOR"]), g.key("s"), g.key("s"), g.key("n")],
  (g) => ["BITFIELD", g.key("n"), "INCRBY", "u8", "0", "1", "GET", "u4", "0"],
  (g) => ["LCS", g.key("s"), g.key("s")],
];

const KEYSPACE: Maker[] = [
  (g) => ["DEL", g.pick(ALL_KEYS), g.pick(ALL_KEYS)],
  (g) => ["UNLINK", g.pick(ALL_KEYS)],
  (g) => ["EXISTS", g.pick(ALL_KEYS), g.pick(ALL_KEYS), g.key("s")],
  (g) => ["TYPE", g.pick(ALL_KEYS)],
  (g) => ["RENAME", g.pick(ALL_KEYS), g.pick(ALL_KEYS)],
  (g) => ["RENAMENX", g.pick(ALL_KEYS), g.pick(ALL_KEYS)],
  (g) => ["COPY", g.pick(ALL_KEYS), g.pick(ALL_KEYS), "REPLACE"],
  (g) => ["EXPIRE", g.pick(ALL_KEYS), "1000"],
  (g) => ["EXPIRE", g.pick(ALL_KEYS), "-1"],
  (g) => ["PERSIST", g.pick(ALL_KEYS)],
  (g) => ["TTL", g.key("s")],
  (g) => ["TOUCH", g.pick(ALL_KEYS)],
  (g) => ["KEYS", g.pick(["*", "s*", "z?", "none*"])],
  (g) => ["DBSIZE", ...(g.below(9) === 0 ? ["x"] : [])],
  (g) => ["OBJECT", "ENCODING", g.pick(ALL_KEYS)],
  (g) => ["SORT", g.key("l"), "ALPHA", "LIMIT", "0", "5"],
  (g) => ["SORT", g.key("l"), "ALPHA", "STORE", g.key("l")],
  (g) => ["SORT", g.key("l"), "GET", "#", "GET", "s*", "ALPHA", "DESC"],
  () => ["SCAN", "0", "COUNT", "1000", "TYPE", "string"],
];

const HASHES: Maker[] = [
  (g) => ["HSET", g.key("h"), g.member(), g.value(), g.member(), g.value()],
  (g) => ["HSETNX", g.key("h"), g.member(), g.value()],
  (g) => ["HGET", g.key("h"), g.member()],
  (g) => ["HMGET", g.key("h"), g.member(), g.member()],
  (g) => ["HGETALL", g.key("h")],
  (g) => ["HKEYS", g.key("h")],
  (g) => ["HDEL", g.key("h"), g.member()],
  (g) => ["HLEN", g.key("h")],
  (g) => ["HEXISTS", g.key("h"), g.member()],
  (g) => ["HINCRBY", g.key("h"), "count", g.integer()],
  (g) => ["HINCRBYFLOAT", g.key("h"), "float", "1.5"],
  (g) => ["HSTRLEN", g.key("h"), g.member()],
  (g) => ["HSCAN", g.key("h"), "0", "COUNT", "1000"],
];

const LISTS: Maker[] = [
  (g) => ["LPUSH", g.key("l"), g.value(), g.member()],
  (g) => ["RPUSH", g.key("l"), g.member()],
  (g) => ["LPUSHX", g.key("l"), g.member()],
  (g) => ["LPOP", g.key("l")],
  (g) => ["RPOP", g.key("l"), "2"],
  (g) => ["LRANGE", g.key("l"), g.integer(), g.integer()],
  (g) => ["LLEN", g.key("l")],
  (g) => ["LINDEX", g.key("l"), g.integer()],
  (g) => ["LSET", g.key("l"), g.integer(), g.member()],
  (g) => ["LINSERT", g.key("l"), "BEFORE", g.member(), g.member()],
  (g) => ["LREM", g.key("l"), g.integer(), g.member()],
  (g) => ["LTRIM", g.key("l"), g.integer(), g.integer()],
  (g) => ["LMOVE", g.key("l"), g.key("l"), "LEFT", "RIGHT"],
  (g) => ["RPOPLPUSH", g.key("l"), g.key("l")],
  (g) => ["LPOS", g.key("l"), g.member()],
  (g) => ["LMPOP", "2", g.key("l"), g.key("l"), "LEFT", "COUNT", "2"],
  (g) => ["BLPOP", g.key("l"), g.key("l"), "0.001"],
  (g) => ["BRPOPLPUSH", g.key("l"), g.key("l"), "0.001"],
];

const SETS: Maker[] = [
  (g) => ["SADD", g.key("e"), g.member(), g.member()],
  (g) => ["SADD", g.key("e"), g.integer()],
  (g) => ["SREM", g.key("e"), g.member()],
  (g) => ["SMEMBERS", g.key("e")],
  (g) => ["SISMEMBER", g.key("e"), g.member()],
  (g) => ["SMISMEMBER", g.key("e"), g.member(), g.member()],
  (g) => ["SCARD", g.key("e")],
  (g) => ["SINTER", g.key("e"), g.key("e")],
  (g) => ["SUNION", g.key("e"), g.key("e")],
  (g) => ["SDIFFSTORE", g.key("e"), g.key("e"), g.key("e")],
  (g) => ["SUNIONSTORE", g.key("e"), g.key("e"), g.key("e")],
  (g) => ["SINTERCARD", "2", g.key("e"), g.key("e")],
  (g) => ["SMOVE", g.key("e"), g.key("e"), g.member()],
  (g) => ["SSCAN", g.key("e"), "0", "COUNT", "1000"],
  (g) => ["PFADD", g.key("x"), g.member(), g.member()],
  (g) => ["PFCOUNT", g.key("x")],
  (g) => ["PFMERGE", g.key("x"), g.key("x")],
];

const SORTED: Maker[] = [
  (g) => ["ZADD", g.key("z"), g.score(), g.member(), g.score(), g.member()],
  (g) => ["ZADD", g.key("z"), g.pick(["NX", "XX", "GT", "LT", "CH"]), g.score(), g.member()],
  (g) => ["ZADD", g.key("z"), "INCR", "1.5", g.member()],
  (g) => ["ZINCRBY", g.key("z"), "2", g.member()],
  (g) => ["ZSCORE", g.key("z"), g.member()],
  (g) => ["ZMSCORE", g.key("z"), g.member(), g.member()],
  (g) => ["ZRANGE", g.key("z"), "0", "-1", "WITHSCORES"],
  (g) => ["ZRANGE", g.key("z"), "-inf", "+inf", "BYSCORE", "LIMIT", "1", "2"],
  (g) => ["ZREVRANGEBYSCORE", g.key("z"), "+inf", "(1", "WITHSCORES"],
  (g) => ["ZRANK", g.key("z"), g.member()],
  (g) => ["ZCARD", g.key("z")],
  (g) => ["ZCOUNT", g.key("z"), "-inf", "5"],
  (g) => ["ZREM", g.key("z"), g.member()],
  (g) => ["ZPOPMIN", g.key("z")],
  (g) => ["ZPOPMAX", g.key("z"), "2"],
  (g) => ["ZUNIONSTORE", g.key("z"), "2", g.key("z"), g.key("z"), "WEIGHTS", "1", "2"],
  (g) => ["ZINTER", "2", g.key("z"), g.key("z"), "WITHSCORES"],
  (g) => ["ZRANGESTORE", g.key("z"), g.key("z"), "0", "1"],
  (g) => ["ZMPOP", "1", g.key("z"), "MIN"],
  (g) => ["BZPOPMIN", g.key("z"), "0.001"],
  (g) => ["GEOADD", g.key("z"), "13.36", "38.11", g.member()],
  (g) => ["GEOPOS", g.key("z"), g.member()],
  (g) => ["GEODIST", g.key("z"), g.member(), g.member()],
  (g) => ["GEORADIUS", g.key("z"), "13", "38", "300", "km", "ASC", "STORE", g.key("z")],
];

const STREAMS: Maker[] = [
  (g) => ["XADD", g.key("x"), `${g.below(500)}-${g.below(9)}`, g.member(), g.value()],
  (g) => ["XLEN", g.key("x")],
  (g) => ["XRANGE", g.key("x"), "-", "+", "COUNT", "3"],
  (g) => ["XREVRANGE", g.key("x"), "+", "-", "COUNT", "2"],
  (g) => ["XREAD", "COUNT", "2", "STREAMS", g.key("x"), g.key("x"), "0", "5"],
  (g) => ["XREAD", "BLOCK", "1", "COUNT", "2", "STREAMS", g.key("x"), "9999"],
  (g) => ["XGROUP", "CREATE", g.key("x"), "g", "0"],
  (g) => ["XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", g.key("x"), ">"],
  (g) => ["XACK", g.key("x"), "g", `${g.below(500)}-0`],
  (g) => ["XTRIM", g.key("x"), "MAXLEN", "5"],
  (g) => ["XDEL", g.key("x"), `${g.below(500)}-0`],
];

const SCRIPTS: Maker[] = [
  (g) => ["EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", "1", g.key("s"), g.value()],
  (g) => ["EVAL", "redis.call('SET', 's0', ARGV[1]) return {1, 'two', false, {3}}", "0", g.value()],
  (g) => ["EVAL", "redis.setresp(3) return redis.call('ZSCORE', KEYS[1], 'm1')", "1", g.key("z")],
  () => ["EVAL", "return redis.error_reply('MY error')", "0"],
  () => ["EVAL", "return 1.9", "0"],
  (g) => ["EVAL_RO", "return redis.call('GET', KEYS[1])", "1", g.key("s")],
  () => ["EVALSHA", "0".repeat(40), "0"],
  () => ["SCRIPT", "EXISTS", "0".repeat(40)],
  () => ["FUNCTION", "LIST"],
  (g) => ["FCALL", "nosuch", "1", g.key("s")],
];

const CONNECTION: Maker[] = [
  (g) => ["PING", ...(g.below(2) === 0 ? [g.value()] : [])],
  (g) => ["ECHO", g.value()],
  (g) => ["SELECT", g.pick(["0", "0", "0", "99", "x"])],
  (g) => ["CLIENT", "SETNAME", g.pick(["name", "", "other"])],
  () => ["CLIENT", "GETNAME"],
  (g) => ["PUBLISH", "channel", g.value()],
  () => ["PUBSUB", "NUMSUB", "channel"],
  () => ["OBJECT", "HELP"],
  () => ["CONFIG", "GET", "maxmemory-policy"],
  () => ["COMMAND", "COUNT"],
  (g) => ["COMMAND", "GETKEYS", "MSET", g.key("s"), "1", g.key("s"), "2"],
  () => ["LATENCY", "RESET"],
  () => ["UNWATCH"],
  () => ["ACL", "WHOAMI"],
  () => ["READONLY"],
  () => ["WAIT", "0", "1"],
];

const MAKERS: readonly Maker[] = [
  ...[STRINGS, STRINGS, STRINGS, KEYSPACE, HASHES, LISTS, SETS, SORTED, STREAMS, SCRIPTS],
  CONNECTION,
].flat();
