/**
 * The conversations in which the proxy must reply as redis-server does.
 *
 * @module
 */
import { type Conversation, lines, type Step, step } from "./conversations.ts";

/** Commands of every kind, one after another. */
export const SCRIPT: Conversation = {
  name: "a script",
  mask: /\d{13}-\d/g,
  steps: [
    ...lines(`
      SET text hello
      GET text
      APPEND text !
      GET text
      INCR count
      MGET text count none
      SETEX short 100 value
      TTL short
      DEL short
      GET short
      HSET hash field value other 2
      HGETALL hash
      HINCRBY hash other 3
      RPUSH list a b c
      LRANGE list 0 -1
      ZADD zset 1 one 2.5 two
      ZRANGE zset 0 -1 WITHSCORES
      SADD set member
      SISMEMBER set member
      MULTI
      SET text changed
      GET text
      LPOP list
      EXEC
      GET text
    `),
    [0, "EVAL", "redis.call('SET', 'hidden', ARGV[1]) return {KEYS[1], 1, false}", "1", "k", "v"],
    ...lines(`
      GET hidden
      SCAN 0 COUNT 1000 MATCH text
      SELECT 3
      SET text elsewhere
      GET text
      SELECT 0
      GET text
      XADD stream * field value
      XREAD COUNT 1 STREAMS stream 0
      XLEN stream
      BLPOP list 1
      BLPOP none 0.01
      PUBLISH channel message
      OBJECT ENCODING hash
      TYPE stream
      GET list
      NOSUCH command
      SET
      FLUSHDB
      GET text
      DBSIZE
    `),
  ],
};

const WATCHED: Step[] = [
  ...lines("SET k 1\nWATCH k\nGET k"),
  step(1, "SET k 2"),
  ...lines("MULTI\nGET k\nEXEC\nGET k\nWATCH k\nMULTI\nINCR k\nEXEC\nGET k"),
];

export const CONVERSATIONS: readonly Conversation[] = [
  {
    name: "a client that selects its first database again is in it again",
    steps: lines(`
      SET k zero
      SELECT 9
      GET k
      SET k nine
      SELECT 0
      GET k
      SET k zero again
      SELECT 9
      GET k
      SELECT 0
      WATCH k
      SWAPDB 0 9
      MULTI
      GET k
      EXEC
      GET k
      SELECT 16
      SELECT x
      SELECT
      GET k
    `.replace("zero again", "again")),
  },
  {
    name: "a watched key that somebody changes fails the transaction",
    steps: WATCHED,
  },
  {
    name: "a command that is refused while a transaction is queued fails the transaction",
    // The proxy has its own words for the refusal.
    mask: /^-[^\r]*(?:denied|not allowed|NOPERM|DEBUG|unknown)[^\r]*/g,
    steps: lines(`
      SET k 1
      MULTI
      SET k 2
      NOSUCH
      EXEC
      GET k
      MULTI
      SET k 2
      DEBUG SLEEP 0
      EXEC
      GET k
      DEBUG SLEEP 0
      GET k
    `),
  },
  {
    name: "a client that wants no replies still gets confirmations and messages",
    version: 3,
    steps: [
      ...lines("SUBSCRIBE before\nCLIENT REPLY OFF\nSUBSCRIBE channel\nPSUBSCRIBE c*"),
      step(1, "PUBLISH channel hello"),
      [0],
      [0],
      ...lines("UNSUBSCRIBE channel\nPUNSUBSCRIBE c*\nCLIENT REPLY ON\nGET k"),
    ],
  },
  {
    name: "CLIENT REPLY SKIP leaves out one reply, whoever would give it",
    steps: lines("CLIENT REPLY SKIP\nCLIENT REPLY ON\nPING\nCLIENT REPLY SKIP\nCLIENT REPLY ON"),
  },
  {
    name: "a subscriber in RESP2 may only subscribe, and others of its commands are refused",
    version: 2,
    steps: [
      ...lines("SUBSCRIBE a b\nPING\nPING hello\nGET k\nSET k v\nSELECT 1\nECHO x\nMULTI"),
      step(1, "PUBLISH a hello"),
      [0],
      ...lines("UNSUBSCRIBE a\nPSUBSCRIBE p*\nUNSUBSCRIBE b\nGET k\nPUNSUBSCRIBE\nGET k\nPING"),
    ],
  },
  {
    name: "a subscriber in RESP3 may send every command",
    version: 3,
    steps: [
      ...lines("SUBSCRIBE a\nSET k v\nGET k\nPING\nECHO x\nSELECT 1\nGET k\nSELECT 0\nGET k"),
      step(1, "PUBLISH a hello"),
      [0],
      ...lines("UNSUBSCRIBE\nUNSUBSCRIBE\nGET k"),
    ],
  },
  {
    name: "RESET ends transaction, watch, subscription and another database",
    version: 2,
    steps: lines(`
      SET k zero
      SELECT 9
      SET k nine
      MULTI
      INCR k
      RESET
      GET k
      EXEC
      SELECT 9
      WATCH k
      SUBSCRIBE a
      RESET
      GET k
      CLIENT GETNAME
    `),
  },
  {
    name: "an expired, deleted or renamed key is gone for whoever read it before",
    steps: [
      ...lines("SET a 1\nGET a\nRENAME a b\nGET a\nGET b\nCOPY b c\nGET c\nGETDEL c\nGET c"),
      ...lines("SET a 1 PX 100000\nGET a\nPEXPIREAT a 1\nGET a\nSET a 1\nGETEX a PXAT 1\nGET a"),
      step(1, "SET a 2"),
      ...lines(
        "GET a\nMSETNX a 1 d 2\nMSET a 3 d 4\nMGET a d\nMOVE d 3\nGET d\nUNLINK a d\nMGET a d",
      ),
      ...lines(
        "SET a 1\nGET a\nSORT none STORE a\nGET a\nSET a 1\nGET a\nSDIFFSTORE a x y\nEXISTS a",
      ),
      ...lines(
        "PFADD h a\nSTRLEN h\nSETRANGE h 0 x\nSETBIT h 1 1\nBITOP NOT h h\nSTRLEN h\nEXISTS h",
      ),
    ],
  },
  {
    name: "a user that logs in while state is held keeps the state, and has its own rights",
    steps: [
      ...lines("ACL SETUSER bob on >secret +@all -get ~k*\nSELECT 9\nSET k nine\nWATCH k"),
      ...lines("AUTH bob wrong\nGET k\nAUTH bob secret\nGET k\nSTRLEN k\nSTRLEN other\nACL WHOAMI"),
      step(1, "SET k zero"),
      ...lines("MULTI\nSTRLEN k\nEXEC\nSELECT 0\nSTRLEN k\nAUTH default any\nGET k\nACL WHOAMI"),
      ...lines(
        "AUTH bob secret\nGET k\nSTRLEN k\nSELECT 9\nAUTH default any\nGET k\nSELECT 0\nGET k",
      ),
    ],
  },
  {
    name: "a transaction may select, and the connection is where EXEC has left it",
    steps: lines(`
      SET k zero
      MULTI
      SELECT 5
      SET k five
      EXEC
      GET k
      SELECT 0
      GET k
      MULTI
      SELECT 5
      DISCARD
      GET k
      MULTI
      MULTI
      WATCH k
      EXEC
      EXEC
      DISCARD
      UNWATCH
    `),
  },
  {
    name: "a blocked client is woken, and its later requests see what was before them",
    steps: [
      ...lines("SET k 1\nGET k\nRPUSH q a\nBLPOP q 0\nBLMOVE q r LEFT RIGHT 0.01\nGET k"),
      ...lines("RPUSH q a b\nBLMPOP 1 1 q LEFT COUNT 2\nZADD z 1 m\nBZPOPMIN z 0\nEXISTS z q"),
      ...lines("XGROUP CREATE s g $ MKSTREAM\nXREADGROUP GROUP g c BLOCK 5 STREAMS s >\nXLEN s"),
    ],
  },
  {
    name: "CLIENT TRACKING by the client itself tells it of changes by others and by itself",
    version: 3,
    steps: [
      ...lines("SET k 1\nCLIENT TRACKING on\nGET k"),
      step(1, "SET k 2"),
      [0],
      ...lines("GET k\nCLIENT TRACKING off\nGET k\nCLIENT GETREDIR"),
      ...lines("CLIENT TRACKING on BCAST PREFIX p\nGET k"),
      step(1, "SET p1 2"),
      [0],
      ...lines("CLIENT TRACKING off\nGET p1"),
    ],
  },
  {
    name: "names are kept on every connection, whatever it holds",
    steps: [
      ...lines("CLIENT GETNAME\nCLIENT SETNAME me\nCLIENT GETNAME\nWATCH k\nCLIENT GETNAME"),
      ...lines("CLIENT SETNAME you\nCLIENT GETNAME\nUNWATCH\nCLIENT GETNAME\nMULTI"),
      ...lines("CLIENT GETNAME\nCLIENT SETNAME them\nEXEC\nCLIENT GETNAME\nCLIENT SETNAME a\x20b"),
    ],
  },
  {
    name: "the protocol may change while state is held",
    mask: /(?<=id\r\n):\d+/g,
    steps: lines(`
      HSET h f v
      SELECT 1
      HELLO 3
      HSET h f v
      HGETALL h
      HELLO 2
      HGETALL h
      SELECT 0
      HGETALL h
      GET none
      HELLO 3
      GET none
      HGETALL h
      HELLO 4
      HELLO x
    `),
  },
];
