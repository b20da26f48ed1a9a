/**
 * A kind of setting: names and categories of commands.
 *
 * @module
 */
import { CATEGORIES, NAMES, subcommandsOf } from "../commands/names.ts";
import type { Kind } from "./kind.ts";
import { nearest } from "./nearest.ts";

const NAME = /^@?[a-z][\w.-]*(\|[\w.-]+)?$/;

const WANTED = "names of commands and @categories with commas between them, as in " +
  "keys,client|kill,@admin";

/**
 * Commands and `@categories` in lower case, with commas between them. A misspelt name is refused. A
 * name that resembles none may be that of a module: only Redis knows it.
 */
export const commands: Kind<readonly string[]> = {
  placeholder: "<commands>",
  wanted: WANTED,
  parse(text) {
    const names = namesIn(text);
    const areFine = names.every((name) => NAME.test(name) && meantBy(name) === undefined);
    return areFine ? names : undefined;
  },
  wantedFor(text) {
    for (const name of namesIn(text)) {
      const meant = meantBy(name);
      if (meant !== undefined) return `names of commands: did you mean ${meant}, not ${name}?`;
    }
    return WANTED;
  },
};

/** Whether Redis has this command or category in one of its versions, without a module. */
export function isKnownName(name: string): boolean {
  return name === "@all" || NAMES.has(name) || CATEGORIES.has(name.slice(1));
}

function namesIn(text: string): string[] {
  return text.split(",").map((name) => name.trim().toLowerCase());
}

/** Returns the name that was meant by a misspelt one; undefined if it is known, or resembles none. */
function meantBy(name: string): string | undefined {
  // Modules have names such as json.get.
  if (isKnownName(name) || name.includes(".")) return undefined;
  if (name.startsWith("@")) {
    return nearest(name, ["@all", ...[...CATEGORIES].map((category) => `@${category}`)]);
  }
  const [parent, sub] = name.split("|");
  const parents = [...NAMES].filter((one) => !one.includes("|"));
  if (sub === undefined) return nearest(name, parents);
  if (!NAMES.has(parent!)) {
    const near = nearest(parent!, parents);
    return near === undefined ? undefined : `${near}|${sub}`;
  }
  const near = nearest(sub, subcommandsOf(parent!));
  return near === undefined ? undefined : `${parent}|${near}`;
}
