/**
 * The rights of the proxy's user at Redis. The check tries each command with a key that does not
 * exist.
 *
 * @module
 */
import type { Config } from "../config/mod.ts";
import type { Asking } from "./asking.ts";
import { error, type Finding, ok, warning } from "./finding.ts";

/** A command to try, the right that it needs, and what that right is for. */
interface Trial {
  readonly right: string;
  readonly words: readonly string[];
  readonly purpose: "reads" | "expiry" | "large values" | "pieces" | "tracking" | "role";
}

const CHANNEL = "__redis__:invalidate";

/** Trials for the second connection that some ways of tracking need. */
const SECOND: [right: string, words: string][] = [
  ["ping", "PING"],
  ["subscribe", `SUBSCRIBE ${CHANNEL}`], // Last: only few commands may follow.
];

function trials(key: string, hasSecond: boolean): Trial[] {
  const of = (purpose: Trial["purpose"], list: [string, string][]): Trial[] =>
    list.map(([right, words]) => ({ right, purpose, words: words.split(" ") }));
  return [
    ...of("reads", [["get", `GET ${key}`]]),
    ...of("expiry", [["pttl", `PTTL ${key}`]]),
    ...of("large values", [
      ["getrange", `GETRANGE ${key} 0 0`],
      ["strlen", `STRLEN ${key}`],
    ]),
    ...of("pieces", [
      ["watch", `WATCH ${key}`],
      ["multi", "MULTI"],
      ["exec", "EXEC"],
    ]),
    ...of("role", [["role", "ROLE"]]),
    ...of("tracking", [
      ["client|setname", "CLIENT SETNAME redis-proxy-check"],
      ["client|id", "CLIENT ID"],
      ["client|tracking", "CLIENT TRACKING OFF"],
      ["client|trackinginfo", "CLIENT TRACKINGINFO"],
    ]),
    ...hasSecond ? of("tracking", SECOND) : [],
  ];
}

/** Tries each command that the proxy uses by itself. */
export async function checkRights(
  redis: Asking,
  { values, origin }: Config,
): Promise<Finding[]> {
  const key = `redis-proxy:check:${crypto.randomUUID()}`;
  const refused: Trial[] = [];
  const absent: Trial[] = [];
  for (const trial of trials(key, values["tracking-mode"] === "redirect")) {
    if (/tracking|role/.test(trial.purpose) && values.coherence === "off") continue;
    // INFO gives the role too.
    if (trial.purpose === "role" && await redis.info("replication") !== null) continue;
    const refusal = await redis.refusal(...trial.words) ?? "";
    if (isAboutCommand(refusal)) refused.push(trial);
    else if (/unknown (sub)?command|disabled/i.test(refusal)) absent.push(trial);
  }
  if (refused.length + absent.length === 0) {
    return [ok("rights", "The Redis user may run every command that the proxy uses")];
  }
  const grant = (list: readonly Trial[]) => {
    const channel = list.some(({ right }) => right === "subscribe") ? ` &${CHANNEL}` : "";
    const rights = list.map(({ right }) => `+${right}`).join(" ");
    return `ACL SETUSER ${origin.username ?? "default"} ${rights}${channel}`;
  };
  const restore = (list: readonly Trial[]) => {
    const names = new Set(list.map(({ right }) => right.replace(/\|.*/, "").toUpperCase()));
    return `Remove rename-command ${[...names].join(", ")} from redis.conf`;
  };
  const isRequired = values.coherence === "required";
  return [
    ...byPurpose(refused, "may not run", grant, isRequired),
    ...byPurpose(absent, "does not have", restore, isRequired),
  ];
}

/** An error about the key says nothing about the command; an error that names the channel does. */
export function isAboutCommand(refusal: string): boolean {
  if (!refusal.startsWith("NOPERM")) return false;
  return !/permissions to access (a|one of the) key|\bkeys? used as/i.test(refusal);
}

function byPurpose(
  list: readonly Trial[],
  verb: string,
  fixOf: (list: readonly Trial[]) => string,
  isRequired: boolean,
): Finding[] {
  const effects: Record<Trial["purpose"], string> = {
    "reads": "no key can be read",
    "expiry": "values stay for --cache-timeout, however soon they expire",
    "large values": "a large value delays all other reads",
    "pieces": "large values are read whole",
    "role": "a master that becomes a replica goes unnoticed",
    "tracking": "Redis announces no changes, so values stay until their time is up",
  };
  return [...Map.groupBy(list, ({ purpose }) => purpose)].map(([purpose, trials]) => {
    const names = trials.map(({ right }) => right.replace("|", " ").toUpperCase()).join(", ");
    const subject = verb === "may not run" ? "The Redis user" : "Redis";
    const found = `${subject} ${verb} ${names}: ${effects[purpose]}`;
    const isFatal = purpose === "reads" || (purpose === "tracking" && isRequired);
    return (isFatal ? error : warning)("rights", found, fixOf(trials));
  });
}
