/**
 * A kind of setting: names and categories of commands.
 *
 * @module
 */
import type { Kind } from "./kind.ts";

const NAME = /^@?[a-z][\w.-]*(\|[\w.-]+)?$/;

/** Commands and `@categories` in lower case, with commas between them. */
export const commands: Kind<readonly string[]> = {
  placeholder: "<commands>",
  wanted:
    "names of commands and @categories with commas between them, as in keys,client|kill,@admin",
  parse(text) {
    const names = text.split(",").map((name) => name.trim().toLowerCase());
    return names.every((name) => NAME.test(name)) ? names : undefined;
  },
};
