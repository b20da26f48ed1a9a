import { assertEquals } from "@std/assert";
import { clientLine, fieldsOf } from "../../../src/lanes/client_line.ts";

const REDIS_7_0 =
  "id=3 addr=127.0.0.1:33008 laddr=127.0.0.1:7411 fd=8 name= age=0 idle=0 flags=N db=0 sub=0 psub=0 " +
  "ssub=0 multi=-1 qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=16384 rbp=16384 obl=0 oll=0 " +
  "omem=0 tot-mem=37658 events=r cmd=client|info user=default redir=-1 resp=2\n";
const VALKEY_8_1 =
  "id=2 addr=127.0.0.1:49518 laddr=127.0.0.1:7413 fd=11 name=a=b age=0 idle=0 flags=N capa= db=0 " +
  "sub=0 watch=0 lib-name= lib-ver= tot-net-in=26 tot-cmds=0\n";

const KNOWN = {
  id: 7,
  addr: "1.2.3.4:5",
  name: "me",
  cmd: "client|list",
  "lib-name": "x",
  "lib-ver": "",
  db: 3,
};

Deno.test("clientLine() has the fields of the server, in its order, with the known values", () => {
  assertEquals(
    clientLine(KNOWN, fieldsOf(REDIS_7_0)),
    "id=7 addr=1.2.3.4:5 laddr=0 fd=-1 name=me age=0 idle=0 flags=0 db=3 sub=0 psub=0 ssub=0 " +
      "multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 " +
      "events=r cmd=client|list user=0 redir=-1 resp=0 lib-name=x lib-ver=",
  );
  assertEquals(
    clientLine(KNOWN, fieldsOf(VALKEY_8_1)),
    "id=7 addr=1.2.3.4:5 laddr=0 fd=-1 name=me age=0 idle=0 flags=0 capa= db=3 " +
      "sub=0 watch=0 lib-name=x lib-ver= tot-net-in=0 tot-cmds=0",
  );
});

Deno.test("clientLine() has the fields of Redis 7.2 until the server has told its own", () => {
  assertEquals(clientLine(KNOWN).endsWith(" resp=0 lib-name=x lib-ver="), true);
});
