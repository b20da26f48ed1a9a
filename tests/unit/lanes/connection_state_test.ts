import { assert, assertEquals } from "@std/assert";
import { changesReplies, ConnectionState } from "../../../src/lanes/connection_state.ts";

/** A state after these commands, each of which Redis has answered without an error. */
function after(...commands: string[]): ConnectionState {
  const state = new ConnectionState(0);
  for (const command of commands) {
    const [name, option = ""] = command.split(" ");
    state.answered(name!, option, command.endsWith("!"));
  }
  return state;
}

const CLEAN: string[][] = [
  [],
  ["set", "get"],
  ["multi", "set", "exec"],
  ["multi", "discard"],
  ["watch", "unwatch"],
  ["watch", "multi", "exec"],
  ["watch", "multi", "discard"],
  ["client|tracking on", "client|tracking off"],
  ["select 5", "select 0"],
  ["hello"],
  ["multi !"],
  ["watch !"],
  ["select 99 !"],
];

for (const commands of CLEAN) {
  Deno.test(`nothing is left after [${commands.join(", ")}]`, () => {
    assert(after(...commands).isClean);
  });
}

const DIRTY: string[][] = [
  ["multi"],
  ["multi", "set"],
  ["watch"],
  ["watch", "get"],
  ["watch", "multi", "unwatch"],
  // EXEC without MULTI is an error, and leaves the keys watched.
  ["watch", "exec !"],
  ["monitor"],
  ["client|tracking on"],
  ["multi", "client|tracking on", "exec"],
  ["client|tracking on", "multi", "client|tracking off"],
  ["client|caching"],
  ["client|setname"],
  // Another user may not have the right to read cached keys.
  ["multi", "auth", "exec"],
  ["multi", "hello", "exec"],
  ["select 5"],
  ["multi", "select 0", "exec"],
];

for (const commands of DIRTY) {
  Deno.test(`something is left after [${commands.join(", ")}]`, () => {
    assert(!after(...commands).isClean);
  });
}

Deno.test("a connection is subscribed until the last subscription of each kind ends", () => {
  const state = new ConnectionState(0);
  state.confirmed("subscribe", 1);
  state.confirmed("psubscribe", 2);
  state.confirmed("ssubscribe", 1);
  assert(state.isSubscribed);
  state.confirmed("unsubscribe", 1);
  state.confirmed("punsubscribe", 0);
  assert(state.isSubscribed);
  state.confirmed("sunsubscribe", 0);
  assert(!state.isSubscribed);
  assert(state.isClean);
});

Deno.test("a connection that starts in another database is clean only in the cached one", () => {
  const state = new ConnectionState(0, 3);
  assert(!state.isClean);
  state.answered("select", "0", false);
  assert(state.isClean);
});

Deno.test("subscriptions and MONITOR in a transaction make the connection opaque", () => {
  assertEquals(["subscribe", "ssubscribe", "monitor", "get"].map(changesReplies), [
    true,
    true,
    true,
    false,
  ]);
});
