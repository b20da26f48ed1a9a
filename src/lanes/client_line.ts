/**
 * A client's line in CLIENT LIST and CLIENT INFO, with the fields of the server's version.
 *
 * Source: https://redis.io/docs/latest/commands/client-list/
 *
 * @module
 */

/** The names of the fields, in order. */
export type ClientFields = readonly string[];

/** Those of Redis 7.2, until the server has told its own. */
const DEFAULT: ClientFields = (
  "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem " +
  "rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver"
).split(" ");

/** Values of fields that the proxy does not know. Others are numbers, and 0. */
const UNKNOWN: Readonly<Record<string, string>> = {
  fd: "-1",
  multi: "-1",
  redir: "-1",
  events: "r",
  capa: "",
};

const LIBRARY = ["lib-name", "lib-ver"];

/** Returns the names of the fields of a line. */
export function fieldsOf(line: string): ClientFields {
  return Array.from(line.matchAll(/(?:^| )([a-z][a-z-]*)=/g), ([, name]) => name!);
}

/**
 * Returns a line, without a line break.
 *
 * @param known Values by the names of their fields.
 * @param fields The fields of the server; default: those of Redis 7.2.
 */
export function clientLine(
  known: Readonly<Record<string, string | number>>,
  fields: ClientFields = DEFAULT,
): string {
  // Before 7.2, Redis keeps no library, but the proxy does.
  const isNamed = LIBRARY.some((name) => known[name]);
  const shown = isNamed ? [...new Set([...fields, ...LIBRARY])] : fields;
  return shown.map((name) => `${name}=${known[name] ?? UNKNOWN[name] ?? 0}`).join(" ");
}
