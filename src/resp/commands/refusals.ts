/**
 * Errors for requests that are not served. The connection stays open. If Redis has an error for the
 * same case, the words are the same, because client libraries look for them.
 *
 * @module
 */
import type { ClientRequest } from "../../server/protocol.ts";
import { refuse } from "../requests/fixed.ts";
import type { Arguments } from "../parse/arguments.ts";
import { KEY_BYTES, OPTION_BYTES, OPTION_COUNT } from "../parse/limits.ts";
import { type LocalCommand, takesManyKeys } from "./command.ts";

/** Bytes of a name, and of all arguments together, that an error shows. */
const SHOWN = 128;

/** Commands of Redis 8 that a cache of strings cannot answer. */
const NOT_SERVED = new Set(
  `
  acl append bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos blmove blmpop blpop
  brpop brpoplpush bzmpop bzpopmax bzpopmin copy dbsize debug decr decrby del delex digest discard
  dump eval eval_ro evalsha evalsha_ro exec expire expireat expiretime failover fcall fcall_ro
  flushall flushdb function geoadd geodist geohash geopos georadius georadius_ro georadiusbymember
  georadiusbymember_ro geosearch geosearchstore getbit getdel getex getset hdel hexists hexpire
  hexpireat hexpiretime hget hgetall hgetdel hgetex hincrby hincrbyfloat hkeys hlen hmget hmset
  hpersist hpexpire hpexpireat hpexpiretime hpttl hrandfield hscan hset hsetex hsetnx hstrlen httl
  hvals incr incrby incrbyfloat keys lastsave latency lcs lindex linsert llen lmove lmpop lolwut
  lpop lpos lpush lpushx lrange lrem lset ltrim memory migrate module monitor move mset msetex
  msetnx multi object persist pexpire pexpireat pexpiretime pfadd pfcount pfdebug pfmerge
  pfselftest psetex psubscribe psync pttl publish pubsub punsubscribe randomkey rename renamenx
  replconf replicaof restore restore-asking role rpop rpoplpush rpush rpushx sadd save scan scard
  script sdiff sdiffstore set setbit setex setnx setrange shutdown sinter sintercard sinterstore
  sismember slaveof slowlog smembers smismember smove sort sort_ro spop spublish srandmember srem
  sscan ssubscribe subscribe sunion sunionstore sunsubscribe swapdb sync touch ttl type unlink
  unsubscribe unwatch wait waitaof watch xack xackdel xadd xautoclaim xclaim xdel xdelex xgroup
  xinfo xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim zadd zcard zcount zdiff
  zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop zmscore zpopmax zpopmin
  zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex
  zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore
  zunion zunionstore
`.trim().split(/\s+/),
);

/** Refuses a command that is not in the table of commands. */
export function refuseCommand(args: Arguments): ClientRequest {
  const name = shown(args, 0, SHOWN);
  if (NOT_SERVED.has(name.toLowerCase())) {
    return refuse(
      `ERR unknown command '${name}' for this read cache, which serves reads of strings ` +
        `(GET, MGET, STRLEN, GETRANGE, EXISTS): send it to Redis itself`,
    );
  }
  let list = "";
  for (let index = 1; index < args.count && list.length < SHOWN; index++) {
    list += `'${shown(args, index, SHOWN - list.length)}' `;
  }
  return refuse(`ERR unknown command '${name}', with args beginning with: ${list}`);
}

export function refuseSubcommand({ name }: LocalCommand, args: Arguments): ClientRequest {
  const subcommand = shown(args, 1, SHOWN);
  return refuse(`ERR unknown subcommand '${subcommand}'. Try ${name.toUpperCase()} HELP.`);
}

/** Refuses a command from a client without a password, in protected mode. */
export function refuseUnprotected(): ClientRequest {
  return refuse(
    "DENIED This proxy is in protected mode: without a password, it only serves reads of strings " +
      "to this client. Set --password-file, or --listen-address 127.0.0.1, or --protected-mode no",
  );
}

/** Refuses a command that may not pass. @param name As `refuseArity`. */
export function refuseForbidden(name: string): ClientRequest {
  return refuse(
    `NOPERM this proxy does not pass the '${name}' command; --allow ${name} lets it pass`,
  );
}

/** @param name The command and, after a bar, its subcommand: `client|setname`. */
export function refuseArity(name: string): ClientRequest {
  return refuse(`ERR wrong number of arguments for '${name}' command`);
}

/** Refuses a request that is too large for its command; null if it is not. */
export function refuseSize(command: LocalCommand, args: Arguments): ClientRequest | null {
  const { name } = command;
  if (takesManyKeys(command)) {
    if (args.longest <= KEY_BYTES) return null;
    return refuse(`ERR Too long key for '${name}' command: wanted at most ${KEY_BYTES} bytes`);
  }
  if (args.count <= OPTION_COUNT && args.length <= OPTION_BYTES) return null;
  return refuse(
    `ERR Too large request for '${name}' command: wanted at most ${OPTION_BYTES} bytes and ` +
      `${OPTION_COUNT} arguments`,
  );
}

/** The beginning of an argument, as Redis prints it: up to its first zero byte. */
function shown(args: Arguments, index: number, length: number): string {
  const beginning = args.string(index, length);
  const zero = beginning.indexOf("\0");
  return zero < 0 ? beginning : beginning.slice(0, zero);
}
