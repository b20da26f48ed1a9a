import { assertEquals } from "@std/assert";
import { Channel } from "../../../src/cache/channel.ts";

const LEASE = 100;

Deno.test("Channel proves what both connections prove, from when they were asked", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE });
  assertEquals([channel.state, channel.leaseUntil], ["down", -Infinity]);
  channel.up(true, 1000);
  assertEquals([channel.state, channel.epoch, channel.leaseUntil], ["tracked", 1, 1100]);
  channel.answered("data", 1050);
  assertEquals(channel.leaseUntil, 1100);
  channel.answered("invalidation", 1030);
  assertEquals(channel.leaseUntil, 1130);
  // An answer that comes late proves no less than what was proven.
  channel.answered("invalidation", 1010);
  assertEquals(channel.leaseUntil, 1130);
});

Deno.test("Channel.down() ends the epoch and remembers until when it was right", () => {
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

Deno.test("Channel keeps entries without tracking as long as it stays without", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE });
  channel.up(false, 0);
  const { epoch } = channel;
  channel.down(1);
  channel.up(false, 2);
  assertEquals([channel.epoch, channel.leaseUntil, channel.isKeeping], [epoch, Infinity, true]);
  channel.up(true, 3);
  assertEquals([channel.epoch, channel.leaseUntil], [epoch + 1, 3 + LEASE]);
});

Deno.test("Channel keeps nothing untracked where tracking is required, or only failed", () => {
  const required = new Channel({ mode: "required", lease: LEASE });
  required.up(false, 0);
  assertEquals([required.isKeeping, required.leaseUntil], [false, -Infinity]);
  const failed = new Channel({ mode: "auto", lease: LEASE });
  failed.up(false, 0, false);
  assertEquals([failed.isKeeping, failed.leaseUntil], [false, -Infinity]);
});

Deno.test("Channel that is off keeps everything for its time, whatever happens", () => {
  const channel = new Channel({ mode: "off", lease: LEASE });
  channel.up(false, 0);
  channel.down(1);
  assertEquals([channel.epoch, channel.leaseUntil, channel.isKeeping], [0, Infinity, true]);
});

Deno.test("Channel.doubt() takes every proof back until both answer again", () => {
  const channel = new Channel({ mode: "auto", lease: LEASE });
  channel.up(true, 1000);
  channel.doubt();
  assertEquals(channel.leaseUntil, -Infinity);
  channel.answered("data", 1010);
  assertEquals(channel.leaseUntil, -Infinity);
  channel.answered("invalidation", 1020);
  assertEquals(channel.leaseUntil, 1010 + LEASE);
});
