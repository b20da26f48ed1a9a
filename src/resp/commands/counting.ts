/**
 * Counts commands by name, for metrics.
 *
 * @module
 */
import type { Arguments } from "../parse/arguments.ts";
import type { Session } from "../session.ts";
import { NAMES } from "../../commands/names.ts";
import { isOwnName } from "./table.ts";

/** Counts the command of a request. */
export function countCommand(args: Arguments, { context }: Session): void {
  const { stats, lanes } = context;
  const isOfServer = (name: string) =>
    lanes?.table.find({ count: 1, string: () => name }) !== undefined;
  stats.commands.add(
    args.name(),
    (name) => isOwnName(name) || NAMES.has(name) || isOfServer(name),
  );
}
