/**
 * RESP as a protocol of this server: which command is which request. Reads of string values are
 * served; what concerns the connection is answered here; all else is unknown, and said to be.
 *
 * @module
 */
import type { ClientRequest, Protocol } from "../protocol.ts";
import type { Input } from "../input.ts";
import { RespParser } from "./parser.ts";
import { EMPTY_ARRAY, encode, OK, PONG } from "./replies.ts";
import { Fixed, Get, GetMany } from "./requests.ts";

export class Resp implements Protocol {
  readonly #parser = new RespParser();

  next(input: Input): ClientRequest | undefined {
    const parser = this.#parser;
    if (!parser.next(input)) return undefined;
    if (parser.error !== null) return new Fixed(error(`ERR Protocol error: ${parser.error}`), true);
    if (parser.isGet) return new Get(parser.string(1));
    const command = COMMANDS.get(parser.string(0).toLowerCase());
    return command === undefined ? unknown(parser) : command(parser);
  }
}

type Command = (parser: RespParser) => ClientRequest;

const COMMANDS = new Map<string, Command>([
  ["get", (parser) => parser.count === 2 ? new Get(parser.string(1)) : wrongArity("get")],
  ["mget", (parser) => parser.count > 1 ? new GetMany(tail(parser)) : wrongArity("mget")],
  ["ping", ping],
  ["echo", (parser) => parser.count === 2 ? bulk(parser.string(1)) : wrongArity("echo")],
  ["quit", () => new Fixed(OK, true)],
  ["command", () => new Fixed(EMPTY_ARRAY)],
]);

function ping(parser: RespParser): ClientRequest {
  if (parser.count > 2) return wrongArity("ping");
  return parser.count === 2 ? bulk(parser.string(1)) : new Fixed(PONG);
}

function bulk(text: string): ClientRequest {
  return new Fixed(encode(`$${text.length}\r\n${text}\r\n`));
}

function tail(parser: RespParser): string[] {
  return Array.from({ length: parser.count - 1 }, (_, index) => parser.string(index + 1));
}

function error(message: string): Uint8Array {
  return encode(`-${message.replace(/[\r\n]/g, " ")}\r\n`);
}

function wrongArity(name: string): ClientRequest {
  return new Fixed(error(`ERR wrong number of arguments for '${name}' command`));
}

/** Redis shows 128 characters of the name, and as many of the arguments all together. */
function unknown(parser: RespParser): ClientRequest {
  let args = "";
  for (let index = 1; index < parser.count && args.length < 128; index++) {
    args += `'${parser.string(index).slice(0, 128 - args.length)}' `;
  }
  const name = parser.string(0).slice(0, 128);
  return new Fixed(error(`ERR unknown command '${name}', with args beginning with: ${args}`));
}
