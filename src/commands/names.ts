/**
 * The names of the commands of Redis and Valkey, as far as they are known without asking a server.
 * A server may have fewer; modules add more.
 *
 * Source: COMMAND LIST of Redis 7.0 and 8.0 and of Valkey 8.1, and the release notes of later ones.
 *
 * @module
 */

/** The commands without subcommands. */
const PLAIN = `
  append asking auth bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop bitpos blmove
  blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy dbsize debug decr decrby del delex
  delifeq digest discard dump echo eval eval_ro evalsha evalsha_ro exec exists expire expireat
  expiretime failover fcall fcall_ro flushall flushdb geoadd geodist geohash geopos georadius
  georadius_ro georadiusbymember georadiusbymember_ro geosearch geosearchstore get getbit getdel
  getex getrange getset hdel hello hexists hexpire hexpireat hexpiretime hget hgetall hgetdel
  hgetex hincrby hincrbyfloat hkeys hlen hmget hmset hpersist hpexpire hpexpireat hpexpiretime
  hpttl hrandfield hscan hset hsetex hsetnx hstrlen httl hvals incr incrby incrbyfloat increx
  info keys lastsave lcs lindex linsert llen lmove lmpop lolwut lpop lpos lpush lpushx lrange
  lrem lset ltrim mget migrate monitor move mset msetex msetnx multi persist pexpire pexpireat
  pexpiretime pfadd pfcount pfdebug pfmerge pfselftest ping psetex psubscribe psync pttl publish
  punsubscribe quit randomkey readonly readwrite rename renamenx replconf replicaof reset
  restore restore-asking role rpop rpoplpush rpush rpushx sadd save scan scard sdiff sdiffstore
  select set setbit setex setnx setrange sflush shutdown sinter sintercard sinterstore sismember
  slaveof smembers smismember smove sort sort_ro spop spublish srandmember srem sscan ssubscribe
  strlen subscribe substr sunion sunionstore sunsubscribe swapdb sync time touch trimslots ttl
  type unlink unsubscribe unwatch vadd vcard vdim vemb vgetattr vinfo vismember vlinks
  vrandmember vrange vrem vsetattr vsim wait waitaof watch xack xackdel xadd xautoclaim xcfgset
  xclaim xdel xdelex xlen xpending xrange xread xreadgroup xrevrange xsetid xtrim zadd zcard
  zcount zdiff zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop zmscore zpopmax
  zpopmin zrandmember zrange zrangebylex zrangebyscore zrangestore zrank zrem zremrangebylex
  zremrangebyrank zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan
  zscore zunion zunionstore
`;

/** The commands with subcommands. */
const CONTAINERS: Readonly<Record<string, string>> = {
  acl: "cat deluser dryrun genpass getuser help list load log save setuser users whoami",
  client: `
    caching capa getname getredir help id import-source info kill list maint_notifications
    no-evict no-touch pause reply setinfo setname tracking trackinginfo unblock unpause
  `,
  cluster: `
    addslots addslotsrange bumpepoch cancelslotmigrations count-failure-reports
    countkeysinslot delslots delslotsrange failover flushslots forget getkeysinslot
    getslotmigrations help info keyslot links meet migrateslots migration myid myshardid
    nodes replicas replicate reset saveconfig set-config-epoch setslot shards slaves
    slot-stats slots syncslots
  `,
  command: "count docs getkeys getkeysandflags help info list",
  commandlog: "get help len reset",
  config: "get help resetstat rewrite set",
  function: "delete dump flush help kill list load restore stats",
  hotkeys: "get help reset start stop",
  latency: "doctor graph help histogram history latest reset",
  memory: "doctor help malloc-stats purge stats usage",
  module: "help list load loadex unload",
  object: "encoding freq help idletime refcount",
  proxy: "explain freshness help",
  pubsub: "channels help numpat numsub shardchannels shardnumsub",
  script: "debug exists flush help kill load show",
  slowlog: "get help len reset",
  xgroup: "create createconsumer delconsumer destroy help setid",
  xinfo: "consumers groups help stream",
};

/** The categories of access lists. */
export const CATEGORIES: ReadonlySet<string> = new Set(split(`
  admin bitmap blocking connection dangerous fast geo hash hyperloglog keyspace list pubsub read
  scripting set slow sortedset stream string transaction write
`));

/** The names of all commands, and of all subcommands as `parent|name`. */
export const NAMES: ReadonlySet<string> = new Set([
  ...split(PLAIN),
  ...Object.entries(CONTAINERS).flatMap(([parent, subs]) => [
    parent,
    ...split(subs).map((sub) => `${parent}|${sub}`),
  ]),
]);

/** Returns the names of the subcommands of a command; none if it is not known to have any. */
export function subcommandsOf(name: string): readonly string[] {
  return split(CONTAINERS[name] ?? "");
}

function split(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
