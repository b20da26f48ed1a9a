/**
 * Random replies in Redis's encoding, with their values.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type Reply, ReplyError } from "../../src/origin/wire/reply.ts";

/** A reply as text (Latin-1), and its value. */
export interface Sample {
  readonly text: string;
  readonly value: Reply;
  readonly isPush?: boolean;
}

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

const bulk = (text: string): Sample => ({
  text: `$${text.length}\r\n${text}\r\n`,
  value: text,
});

const BIG = "3492890328409238509324850943850943825024385";

/** Replies of every type, each in the forms that are easy to get wrong. */
export const SAMPLES: readonly Sample[] = [
  { text: "+OK\r\n", value: "OK" },
  { text: "+\r\n", value: "" },
  { text: "+a\rb\nc\r\n", value: "a\rb\nc" },
  { text: "-ERR no\r\n", value: new ReplyError("ERR no") },
  { text: ":-1\r\n", value: -1 },
  { text: ":9007199254740993\r\n", value: 9007199254740993n },
  bulk(""),
  bulk("value"),
  bulk("a\r\nb"),
  bulk("$5\r\nvalue\r\n"),
  bulk("\x00\xff>2\r\n"),
  { text: "$-1\r\n", value: null },
  { text: "*-1\r\n", value: null },
  { text: "*0\r\n", value: [] },
  { text: "*3\r\n:1\r\n$1\r\na\r\n*1\r\n*0\r\n", value: [1, "a", [[]]] },
  { text: "_\r\n", value: null },
  { text: "#t\r\n", value: true },
  { text: "#f\r\n", value: false },
  { text: ",1.5\r\n", value: 1.5 },
  { text: ",inf\r\n", value: Infinity },
  { text: ",-inf\r\n", value: -Infinity },
  { text: ",nan\r\n", value: NaN },
  { text: `(${BIG}\r\n`, value: BigInt(BIG) },
  { text: "=8\r\ntxt:text\r\n", value: "text" },
  { text: "!6\r\nERR no\r\n", value: new ReplyError("ERR no") },
  { text: "~2\r\n:1\r\n~0\r\n", value: [1, []] },
  { text: "%0\r\n", value: new Map() },
  {
    text: "%2\r\n$1\r\na\r\n:1\r\n+b\r\n%1\r\n:1\r\n_\r\n",
    value: new Map<Reply, Reply>([["a", 1], ["b", new Map([[1, null]])]]),
  },
  { text: "|1\r\n+ttl\r\n:5\r\n$1\r\na\r\n", value: "a" },
  { text: "*2\r\n|1\r\n+a\r\n*1\r\n:1\r\n:2\r\n:3\r\n", value: [2, 3] },
  { text: ">1\r\n+tick\r\n", value: ["tick"], isPush: true },
  {
    text: ">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n",
    value: ["invalidate", ["a", ""]],
    isPush: true,
  },
  {
    text: ">2\r\n$10\r\ninvalidate\r\n_\r\n",
    value: ["invalidate", null],
    isPush: true,
  },
];

const PLAIN = SAMPLES.filter(({ isPush }) => isPush !== true);

/**
 * A random reply: one of the samples, random bytes, or an aggregate of replies, nested a few levels
 * deep.
 */
export function randomReply(next: () => number, depth = 4): Sample {
  const several = () =>
    Array.from({ length: Math.floor(next() * 4) }, () => randomReply(next, depth - 1));
  switch (depth === 0 ? -1 : Math.floor(next() * 8)) {
    case 0:
      return aggregate("*", several());
    case 1:
      return aggregate("~", several());
    case 2:
      return map("%", several());
    case 3: {
      const described = randomReply(next, depth - 1);
      return { ...described, text: map("|", several()).text + described.text };
    }
    case 4:
      return bulk(String.fromCharCode(...Array.from({ length: next() * 500 }, () => next() * 256)));
    default:
      return PLAIN[Math.floor(next() * PLAIN.length)]!;
  }
}

function aggregate(type: string, inner: readonly Sample[]): Sample {
  const text = `${type}${inner.length}\r\n${inner.map(({ text }) => text).join("")}`;
  return { text, value: inner.map(({ value }) => value) };
}

/** A map whose keys are 0, 1, 2 ... */
function map(type: string, inner: readonly Sample[]): Sample {
  const text = inner.map(({ text }, index) => `:${index}\r\n${text}`).join("");
  const value = new Map(inner.map(({ value }, index): [Reply, Reply] => [index, value]));
  return { text: `${type}${inner.length}\r\n${text}`, value };
}
