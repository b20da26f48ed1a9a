/**
 * CLIENT LIST, KILL and UNBLOCK in a cluster. Each node counts its connections on its own, so the
 * number of the node is added to their ids: in the last ten bits, as in the cursor of a scan.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { parseReply, type Reply, ReplyError } from "../../origin/wire/reply.ts";
import type { Passable } from "../passable.ts";
import type { Passed } from "../passing.ts";
import { requestWith } from "./requests.ts";
import type { RoutedNode } from "./router.ts";

const NODES = 1024;

/** An id that no connection has. */
const NOBODY = "9007199254740991";

/** Sends a request to a node. */
type Send = (request: Passable, node: RoutedNode) => Promise<Passed>;

/** The id of a connection at a node, as clients see it. */
export function uniqueId(id: number, { index }: RoutedNode): number {
  return id * NODES + index % NODES;
}

/** The id at its node of a connection; null for an id that is not of this node. */
export function idAt(unique: string, { index }: RoutedNode): string | null {
  if (!/^\d{1,16}$/.test(unique) || Number(unique) % NODES !== index % NODES) return null;
  const id = Math.floor(Number(unique) / NODES);
  return id === 0 ? null : String(id);
}

/** Lines of CLIENT LIST of a node, with the ids that clients see. */
export function withUniqueIds(list: string, node: RoutedNode): string {
  return list.replaceAll(/^id=(\d+)/gm, (_, id) => `id=${uniqueId(Number(id), node)}`);
}

/** The names of the commands that this module knows. */
export const CLIENT_COMMANDS: ReadonlySet<string> = new Set(
  ["list", "kill", "unblock"].map((name) => `client|${name}`),
);

/** Has nodes answer one of these commands together. */
export async function passClientCommand(
  request: Passable,
  words: readonly string[],
  nodes: readonly RoutedNode[],
  send: Send,
): Promise<Passed> {
  const asked = request.name === "client|list" ? listOf(words, nodes) : endOf(words, nodes);
  const passed = await Promise.all(
    asked.map(({ node, words }) => send(requestWith(request.spec, words), node)),
  );
  const other = passed.find((one) => !(one instanceof Uint8Array));
  if (other !== undefined) return other;
  const replies = passed as Uint8Array[];
  const parsed = replies.map((one) => parseReply(one));
  if (request.name !== "client|list") return replies[bestOf(parsed)] ?? bytesOf(totalOf(parsed));
  const failed = parsed.findIndex((one) => one instanceof ReplyError);
  if (failed >= 0) return replies[failed]!;
  const lists = parsed.map((one, index) => withUniqueIds(String(one), asked[index]!.node));
  return request.rewritten(textOf(lists.join(""), replies[0]!));
}

/** The words for a node. */
interface Asked {
  readonly node: RoutedNode;
  readonly words: readonly string[];
}

/** CLIENT LIST: all nodes, or those of the wanted ids. */
function listOf(words: readonly string[], nodes: readonly RoutedNode[]): Asked[] {
  const all = nodes.map((node) => ({ node, words }));
  const ids = words.slice(3);
  const isById = words[2]?.toLowerCase() === "id" && ids.length > 0;
  if (!isById) return all;
  if (!ids.every((id) => /^\d+$/.test(id))) return all.slice(0, 1); // Redis knows the error.
  const asked = nodes.flatMap((node) => {
    const own = ids.flatMap((id) => idAt(id, node) ?? []);
    return own.length === 0 ? [] : { node, words: [...words.slice(0, 3), ...own] };
  });
  if (asked.length > 0) return asked;
  return all.slice(0, 1).map(({ node }) => ({ node, words: [...words.slice(0, 3), NOBODY] }));
}

/** CLIENT KILL and CLIENT UNBLOCK: the node of the id, or all nodes without an id. */
function endOf(words: readonly string[], nodes: readonly RoutedNode[]): Asked[] {
  const at = words[1]!.toLowerCase() === "unblock" ? 2 : idAfter(words);
  if (at === null) return nodes.map((node) => ({ node, words }));
  const id = words[at] ?? "";
  const node = nodes.find((one) => idAt(id, one) !== null);
  const own = node === undefined ? (/^[1-9]\d*$/.test(id) ? NOBODY : id) : idAt(id, node)!;
  return [{ node: node ?? nodes[0]!, words: words.with(at, own) }];
}

/** Where the id of CLIENT KILL is; null if it names none. */
function idAfter(words: readonly string[]): number | null {
  for (let at = 2; at + 1 < words.length; at += 2) {
    if (words[at]!.toLowerCase() === "id") return at + 1;
  }
  return null;
}

/** Of the replies to the old form of CLIENT KILL: OK if any node had the client, else the error. */
function bestOf(replies: readonly Reply[]): number {
  const isOk = replies.indexOf("OK");
  return isOk >= 0 ? isOk : replies.findIndex((one) => one instanceof ReplyError);
}

function totalOf(replies: readonly Reply[]): string {
  return `:${replies.reduce<number>((sum, one) => sum + Number(one), 0)}\r\n`;
}

/** A text, of the same type as a reply: a bulk string, or a verbatim string in RESP3. */
function textOf(text: string, like: Uint8Array): Uint8Array {
  const isVerbatim = like[0] === "=".charCodeAt(0);
  const marked = isVerbatim ? `txt:${text}` : text;
  return bytesOf(`${isVerbatim ? "=" : "$"}${marked.length}\r\n${marked}\r\n`);
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
