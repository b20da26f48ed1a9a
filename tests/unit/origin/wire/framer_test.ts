import { assert, assertEquals } from "@std/assert";
import { BROKEN, Framer, MORE } from "../../../../src/origin/wire/framer.ts";
import { bytesOf, randomReply, type Sample, SAMPLES } from "../../../support/resp3.ts";
import { random } from "../../../support/wire.ts";

/** Where each reply ends and whether it is a push, found in pieces that end at the cuts. */
function framesOf(text: string, cuts: readonly number[]): [number, boolean][] {
  const bytes = bytesOf(text);
  const framer = new Framer();
  const found: [number, boolean][] = [];
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    while (at < cut) {
      const end = framer.scan(bytes, at, cut);
      assert(end !== BROKEN, framer.fault);
      if (end !== MORE) found.push([end, framer.isPush]);
      at = end === MORE ? cut : end;
    }
  }
  return found;
}

/** The same, from what the replies were made of. */
function endsOf(samples: readonly Sample[]): [number, boolean][] {
  let end = 0;
  return samples.map(({ text, isPush = false }) => [end += text.length, isPush]);
}

const textOf = (samples: readonly Sample[]) => samples.map(({ text }) => text).join("");

Deno.test("a framer finds the end of each reply, wherever the bytes are cut", () => {
  for (const sample of SAMPLES) {
    const samples = [sample, SAMPLES[0]!, sample];
    const text = textOf(samples);
    const wanted = endsOf(samples);
    for (let one = 0; one <= text.length; one++) {
      for (let two = one; two <= text.length; two++) {
        assertEquals(framesOf(text, [one, two]), wanted, JSON.stringify(text));
      }
    }
    assertEquals(framesOf(text, [...text].map((_, index) => index)), wanted);
  }
});

Deno.test("a framer finds the ends of random replies with pushes between, in random pieces", () => {
  const next = random(3);
  const pushes = SAMPLES.filter(({ isPush }) => isPush);
  for (let round = 0; round < 3000; round++) {
    const samples = Array.from(
      { length: 8 },
      () => next() < 0.2 ? pushes[Math.floor(next() * pushes.length)]! : randomReply(next),
    );
    const text = textOf(samples);
    const cuts = Array.from({ length: next() * 20 }, () => Math.floor(next() * text.length));
    assertEquals(framesOf(text, cuts.sort((a, b) => a - b)), endsOf(samples));
  }
});

Deno.test("a framer knows how many bytes of a bulk string are missing", () => {
  const framer = new Framer();
  assertEquals(framer.scan(bytesOf("*2\r\n:1\r\n$100\r\nabc"), 0, 17), MORE);
  assertEquals(framer.awaited, 99);
});

Deno.test("a framer counts elements by the million, and bulk strings over 4 GiB", () => {
  const framer = new Framer();
  const header = bytesOf("*1000000\r\n");
  assertEquals(framer.scan(header, 0, header.length), MORE);
  const ones = bytesOf(":1\r\n".repeat(1000));
  for (let time = 1; time < 1000; time++) assertEquals(framer.scan(ones, 0, ones.length), MORE);
  assertEquals(framer.scan(ones, 0, ones.length), ones.length);
  const large = bytesOf("$5000000000\r\n");
  assertEquals(framer.scan(large, 0, large.length), MORE);
  assertEquals(framer.awaited, 5_000_000_002);
});

Deno.test("a framer refuses garbage, however it is cut", () => {
  const garbage = [
    ...["x", "\r\n", "GET\r\n", "HTTP/1.1 400 Bad Request\r\n", "\x16\x03\x01"],
    ...[
      "$a\r\n",
      "$\r\n",
      "$1\n",
      "$--1\r\n",
      "$-2\r\n",
      "$-1-\r\n",
      "$1-\r\n",
      "*-2\r\n",
      "%-1\r\n",
    ],
    ...["$1 \r\n", "*+1\r\n", "$1\r\r\n", "$1\rx", "$1234567890123456\r\n", "~-0\r\n"],
    // Streamed types.
    ...["$?\r\n", "*?\r\n", "%?\r\n", ";4\r\n", ".\r\n"],
    // A bulk string that is longer, or shorter, than it says.
    ...["$1\r\nab\r\n", "$2\r\na\r\n$", "*1\r\n$0\r\n\n\n"],
    // A push inside a reply, as some versions of Redis 6 and 7.0 send it by mistake.
    ...["*2\r\n:1\r\n>1\r\n:2\r\n", "*1\r\n>1\r\n:2\r\n", "%1\r\n>0\r\n", "|1\r\n:1\r\n>0\r\n"],
  ];
  for (const text of garbage) {
    const bytes = bytesOf(`+OK\r\n${text}`);
    for (let cut = 5; cut <= bytes.length; cut++) {
      const framer = new Framer();
      assertEquals(framer.scan(bytes, 0, cut), 5);
      const first = framer.scan(bytes, 5, cut);
      const end = first === MORE ? framer.scan(bytes, cut, bytes.length) : first;
      assertEquals(end, BROKEN, JSON.stringify(text));
      assert(framer.fault !== "");
    }
  }
});

Deno.test("a framer distinguishes a push from a reply behind an attribute", () => {
  const text = "|1\r\n+a\r\n:1\r\n>1\r\n+b\r\n:1\r\n";
  assertEquals(framesOf(text, []), [[text.length - 4, true], [text.length, false]]);
});

Deno.test("a framer that opens arrays passes the header, and then each element until it stops to", () => {
  const pieces = [">1\r\n:1\r\n", "*2\r\n", "+OK\r\n", "*2\r\n:1\r\n*0\r\n", "*-1\r\n", "*1\r\n"];
  const text = pieces.join("");
  const bytes = bytesOf(text);
  for (let cut = 0; cut <= text.length; cut++) {
    const framer = new Framer();
    const found: string[] = [];
    let from = 0;
    for (let at = 0; at < text.length;) {
      framer.opensArrays = found.length !== 3; // Its elements may be arrays.
      const end = framer.scan(bytes, at, at < cut ? cut : text.length);
      at = end === MORE ? Math.max(cut, at) : end;
      if (end === MORE) continue;
      found.push(text.slice(from, end));
      from = end;
    }
    assertEquals(found, pieces);
  }
});
