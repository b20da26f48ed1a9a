/** The keys of one request: hits at once, and all others in one trip, in order. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { type Answer, Failure } from "../../../src/core/types.ts";
import { ArgumentList } from "../../../src/resp/parse/arguments.ts";
import { readKeys } from "../../../src/resp/requests/many_keys.ts";
import { makeCache, PLAIN, textOf } from "../../support/cache.ts";
import { FakeOrigin } from "../../support/fake_origin.ts";

/** Arguments as from a parser: one after the other in the input, or as inline words. */
function argumentsOf(keys: readonly string[], isInline = false): ArgumentList {
  const args = new ArgumentList();
  if (isInline) {
    args.setWords(keys, keys.join(" ").length);
    return args;
  }
  let at = 0;
  for (const key of keys) {
    args.add(at + 1, at + 1 + key.length);
    at += key.length + 2;
  }
  args.place(Buffer.from(`**${keys.map((key) => `<${key}>`).join("")}`), 2, at);
  return args;
}

/** A cache whose reads leave together, and a function that reads the keys of a request. */
function reading() {
  const origin = new FakeOrigin(() => 0);
  const departures: (() => void)[] = [];
  const cache = makeCache(origin, {
    clock: () => 0,
    entries: 5000,
    atEndOfTurn: (depart) => departures.push(depart),
  });
  const read = (keys: readonly string[], isInline = false) => {
    const args = argumentsOf(keys, isInline);
    return readKeys(cache, args, 0, args.count, 0, PLAIN);
  };
  const depart = () => departures.splice(0).forEach((one) => one());
  const answer = () => {
    depart();
    for (const one of origin.reads.splice(0)) {
      one.answer(...one.keys.map((key) => Buffer.from(key)));
    }
  };
  return { origin, cache, read, depart, answer };
}

Deno.test("the keys of a request are answered at once if all are cached, as text or as bytes", async () => {
  for (const isInline of [false, true]) {
    const { read, answer, origin } = reading();
    const first = read(["a", "b"], isInline);
    answer();
    await first;
    const answers = read(["b", "a", "b"], isInline);
    assert(Array.isArray(answers));
    assertEquals([(answers as Answer[]).map(textOf), origin.reads.length], [["b", "a", "b"], 0]);
  }
});

Deno.test("missing keys of a request are read in one trip, each once, and answered in order", async () => {
  const { cache, read, origin, depart } = reading();
  const flying = cache.get("b", 0, PLAIN);
  depart();
  origin.reads[0]!.answer(Buffer.from("B"));
  await flying;
  const all = read(["c", "b", "e", "d", "c"]);
  depart();
  assertEquals(origin.reads[1]!.keys, ["c", "e", "d"]);
  const failure = new Failure("reply", "WRONGTYPE x");
  origin.reads[1]!.answer(Buffer.from("C"), failure, null);
  assertEquals((await all).map(textOf), ["C", "B", failure, null, "C"]);
});

Deno.test("a request of up to 1,024 keys is one trip, whatever is cached", async () => {
  for (const count of [1, 2, 128, 129, 1023, 1024]) {
    for (const cached of new Set([0, count >> 1, count - 1])) {
      const { origin, read, answer, depart } = reading();
      const keys = Array.from({ length: count }, (_, index) => `key:${index}`);
      const before = read(keys.slice(0, cached));
      answer();
      await before;
      const all = read(keys);
      depart();
      assertEquals(origin.reads.map((one) => one.keys.length), [count - cached]);
      answer();
      assertEquals((await all).map(textOf), keys, `${count} keys, ${cached} cached`);
    }
  }
});
