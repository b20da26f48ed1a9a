/**
 * Kinds of text settings.
 *
 * @module
 */
import type { Kind } from "./kind.ts";

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]): Kind<T> {
  return {
    placeholder: `<${words.join("|")}>`,
    wanted: `one of ${words.join(", ")}`,
    parse: (text) => words.find((word) => word === text),
  };
}

/** Yes or no; a flag without a value means yes. */
export const yesOrNo: Kind<boolean> = {
  placeholder: "[yes|no]",
  wanted: "yes or no",
  parse: (text) => text === "yes" || text === "" ? true : text === "no" ? false : undefined,
};

/** Any text that is not empty. */
export const text: Kind<string> = {
  placeholder: "<text>",
  wanted: "a text that is not empty",
  parse: (text) => text === "" ? undefined : text,
};

/** The path of a file. */
export const file: Kind<string> = {
  placeholder: "<file>",
  wanted: "the path of a file",
  parse: (text) => text === "" ? undefined : text,
};

/** A media type, parameters included. */
export const mediaType: Kind<string> = {
  placeholder: "<type>",
  wanted: "a media type such as text/plain; charset=utf-8",
  parse: (text) =>
    /^[\w.+-]+\/[\w.+-]+( *; *[\w.-]+=("[\w .,:/+-]*"|[\w.+-]+))*$/.test(text) ? text : undefined,
};
