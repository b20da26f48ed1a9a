/**
 * Describes a request to an observer: its command and its first key.
 *
 * @module
 */
import type { RequestObserver, Seen } from "../server/observer.ts";
import { isCached } from "./commands/table.ts";
import type { Arguments } from "./parse/arguments.ts";
import type { PlainGet } from "./requests/get.ts";
import type { Session } from "./session.ts";

/** No command has a longer name, in bytes. */
const NAME_BYTES = 65;

/** Shows a plain GET. */
export function showGet(observer: RequestObserver, request: PlainGet, { peer }: Session): void {
  const key = request.bytes.toString("latin1", request.from, request.to);
  observer.saw(request, { protocol: "resp", peer, command: "get", key });
}

/** Describes any other request by its arguments. */
export function seenOf(args: Arguments, { peer, lane }: Session): Seen {
  const command = args.string(0, NAME_BYTES);
  const first = isCached(command.toLowerCase())
    ? 1
    : lane?.lanes.table.find(args)?.keyRange[0] ?? 0;
  // Other arguments may be secrets, such as passwords.
  const key = first > 0 && first < args.count ? args.string(first) : null;
  return { protocol: "resp", peer, command, key };
}
