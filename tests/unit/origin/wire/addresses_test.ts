import { assert, assertEquals, assertRejects } from "@std/assert";
import { connectToAny } from "../../../../src/origin/wire/addresses.ts";
import { garbageCollector } from "../../../../src/system/garbage.ts";

/** A connection that only knows whether it was closed. */
class Line {
  isClosed = false;

  constructor(readonly address: string) {}

  close(): void {
    this.isClosed = true;
  }
}

const never = new AbortController().signal;

const addresses = (...list: string[]) => () => Promise.resolve(list);

Deno.test("connectToAny() connects directly to an IP address", async () => {
  for (const address of ["192.0.2.1", "2001:db8::1"]) {
    const line = await connectToAny(address, (one) => Promise.resolve(new Line(one)), never);
    assertEquals([line.address, line.isClosed], [address, false]);
  }
});

Deno.test("connectToAny() tries the next address as soon as one fails", async () => {
  const tried: string[] = [];
  const connect = (address: string) => {
    tried.push(address);
    return address === "c"
      ? Promise.resolve(new Line(address))
      : Promise.reject(new Error(`${address} refused`));
  };
  const began = performance.now();
  const line = await connectToAny("name", connect, never, addresses("a", "b", "c", "d"));
  assertEquals([line.address, tried], ["c", ["a", "b", "c"]]);
  assert(performance.now() - began < 200);
});

Deno.test("connectToAny() tries the next address beside a silent one, and closes late connections", async () => {
  const late = Promise.withResolvers<Line>();
  const signals: AbortSignal[] = [];
  const connect = (address: string, signal: AbortSignal) => {
    signals.push(signal);
    return address === "a" ? late.promise : Promise.resolve(new Line(address));
  };
  const line = await connectToAny("name", connect, never, addresses("a", "b"));
  assertEquals([line.address, line.isClosed, signals[0]!.aborted], ["b", false, true]);
  const loser = new Line("a");
  late.resolve(loser);
  await late.promise;
  assertEquals([loser.isClosed, line.isClosed], [true, false]);
});

Deno.test("connectToAny() still takes the silent address if the others fail", async () => {
  const late = Promise.withResolvers<Line>();
  const connect = (address: string) =>
    address === "a" ? late.promise : Promise.reject(new Error(`${address} refused`));
  const connecting = connectToAny("name", connect, never, addresses("a", "b"));
  late.resolve(new Line("a"));
  assertEquals((await connecting).address, "a");
});

Deno.test("connectToAny() fails with the reason of the first address if all fail", async () => {
  const connect = (address: string) => Promise.reject(new Error(`${address} refused`));
  const list = addresses("a", "b");
  await assertRejects(() => connectToAny("name", connect, never, list), Error, "a refused");
  await assertRejects(() => connectToAny("127.0.0.1", connect, never), Error, "127.0.0.1 refused");
});

Deno.test("connectToAny() aborts at its signal, in any state", async () => {
  const silent = () => new Promise<never>(() => {});
  const soon = () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("too late")), 1);
    return controller.signal;
  };
  const two = addresses("a", "b");
  const attempts = [
    () => connectToAny("name", silent, soon(), silent),
    () => connectToAny("name", silent, soon(), two),
    () => connectToAny("127.0.0.1", silent, soon()),
    () => connectToAny("name", silent, AbortSignal.abort(new Error("too late")), two),
  ];
  for (const attempt of attempts) await assertRejects(attempt, Error, "too late");
});

Deno.test("connectToAny() leaves nothing behind at a signal that lives on", async () => {
  const collect = await garbageCollector();
  const connect = (address: string) =>
    address === "a" ? Promise.reject(new Error("refused")) : Promise.resolve(new Line(address));
  const dialed = async (...all: string[]) => {
    const line = await connectToAny("name", connect, never, addresses(...all)).catch(String);
    return line instanceof Line ? new WeakRef(line) : null;
  };
  const lines = await Promise.all([dialed("b"), dialed("a", "b"), dialed("a")]);
  await new Promise((resolve) => setTimeout(resolve));
  collect?.();
  const left = lines.filter((line) => line?.deref() !== undefined);
  if (collect !== null) assertEquals(left, []);
});

Deno.test("connectToAny() no longer listens to the signal once it has ended", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const connect = (address: string) => {
    assertEquals(listeners, 1);
    return address === "a" ? Promise.reject(new Error("refused")) : Promise.resolve(new Line("b"));
  };
  for (const all of [["b"], ["a", "b"], ["a"], []]) {
    await connectToAny("name", connect, signal, addresses(...all)).catch(() => {});
    assertEquals(listeners, 0);
  }
  const unknown = () => Promise.reject(new Error("unknown"));
  await assertRejects(() => connectToAny("name", connect, signal, unknown), Error, "unknown");
  assertEquals(listeners, 0);
});
