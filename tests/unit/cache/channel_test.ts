import { assertEquals } from "@std/assert";
import { Channel } from "../../../src/cache/channel.ts";

const LEASE = 100;

Deno.test("Channel counts a proof from the older of the two sides, and from when its probe was sent", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE });
  assertEquals([channel.state, channel.leaseUntil], ["down", -Infinity]);
  channel.up(true, 1000);
  assertEquals([channel.state, channel.epoch, channel.leaseUntil], ["tracked", 1, 1100]);
  channel.answered("data", 1050);
  assertEquals(channel.leaseUntil, 1100);
  channel.answered("invalidation", 1030);
  assertEquals(channel.leaseUntil, 1130);
  // A late answer does not take back an earlier proof.
  channel.answered("invalidation", 1010);
  assertEquals(channel.leaseUntil, 1130);
});

Deno.test("Channel.down() ends the epoch, and remembers until when it was right", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE }, 1000);
  channel.up(true, 1000);
  channel.down(1080);
  assertEquals([channel.state, channel.epoch, channel.leaseUntil], ["down", 2, -Infinity]);
  assertEquals(channel.endOf(1), 1000);
  channel.answered("data", 2000);
  assertEquals(channel.leaseUntil, -Infinity);
  channel.up(true, 3000);
  assertEquals(channel.endOf(1), -Infinity, "long enough ago to be forgotten");
});

Deno.test("Channel counts no proof of a server that others have to confirm until they do, on each connection", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE, isWitnessed: true });
  channel.up(true, 1000);
  assertEquals([channel.state, channel.leaseUntil], ["tracked", -Infinity]);
  channel.witnessed(1010);
  assertEquals(channel.leaseUntil, 1100);
  for (const side of ["data", "invalidation"] as const) channel.answered(side, 1050);
  assertEquals(channel.leaseUntil, 1110);
  channel.witnessed(1005);
  assertEquals(channel.leaseUntil, 1110);
  channel.down(1060);
  channel.witnessed(1070);
  channel.up(true, 1080);
  assertEquals(channel.leaseUntil, -Infinity);
  channel.witnessed(1090);
  assertEquals(channel.leaseUntil, 1180);
  channel.doubt();
  assertEquals([channel.leaseUntil, channel.witnessedAt], [-Infinity, -Infinity]);
});

Deno.test("Channel keeps untracked entries as long as it stays untracked", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE });
  channel.up(false, 0);
  const { epoch } = channel;
  channel.down(1);
  channel.up(false, 2);
  assertEquals([channel.epoch, channel.leaseUntil, channel.isKeeping], [epoch, Infinity, true]);
  channel.up(true, 3);
  assertEquals([channel.epoch, channel.leaseUntil], [epoch + 1, 3 + LEASE]);
});

Deno.test("Channel caches nothing untracked if tracking is required, or has only failed", () => {
  const required = new Channel({ mode: "required", lease: LEASE });
  required.up(false, 0);
  assertEquals([required.isKeeping, required.leaseUntil], [false, -Infinity]);
  const failed = new Channel({ mode: "auto", lease: LEASE });
  failed.up(false, 0, false);
  assertEquals([failed.isKeeping, failed.leaseUntil], [false, -Infinity]);
});

Deno.test("Channel that is off caches everything for its lifetime, whatever happens", () => {
  const channel = new Channel({ mode: "off", lease: LEASE });
  channel.up(false, 0);
  channel.down(1);
  assertEquals([channel.epoch, channel.leaseUntil, channel.isKeeping], [0, Infinity, true]);
});

Deno.test("Channel.doubt() discards every proof until both sides answer again", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE });
  channel.up(true, 1000);
  channel.doubt();
  assertEquals(channel.leaseUntil, -Infinity);
  channel.answered("data", 1010);
  assertEquals(channel.leaseUntil, -Infinity);
  channel.answered("invalidation", 1020);
  assertEquals(channel.leaseUntil, 1010 + LEASE);
});
