/**
 * Channels and patterns of keyspace notifications. A node publishes those of its own keys, and the
 * cluster does not pass them on.
 *
 * Source: https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/
 *
 * @module
 */
const PREFIXES = ["__keyspace@", "__keyevent@"];

/** Whether a channel is one of keyspace notifications. */
export function isEventChannel(channel: string): boolean {
  return PREFIXES.some((prefix) => channel.startsWith(prefix));
}

/** Whether a pattern may match such a channel. */
export function mayMatchEvents(pattern: string): boolean {
  const special = pattern.search(/[*?[\\]/);
  const plain = special < 0 ? pattern : pattern.slice(0, special);
  return PREFIXES.some((prefix) =>
    plain.startsWith(prefix) || (special >= 0 && prefix.startsWith(plain))
  );
}

/** What a client subscribes to, or no longer: names of channels, or patterns. */
export interface Subscription {
  readonly kind: "subscribe" | "psubscribe";
  readonly isEnd: boolean;
  /** The names that are about keyspace notifications; null for all at the end. */
  readonly names: readonly string[] | null;
}

/** Reads a request; null if it is not about keyspace notifications. */
export function subscriptionIn([command = "", ...names]: readonly string[]): Subscription | null {
  const parts = /^(p?)(un)?subscribe$/.exec(command.toLowerCase());
  if (parts === null) return null;
  const kind = parts[1] === "p" ? "psubscribe" : "subscribe";
  const isEnd = parts[2] !== undefined;
  if (isEnd && names.length === 0) return { kind, isEnd, names: null };
  const own = names.filter(kind === "psubscribe" ? mayMatchEvents : isEventChannel);
  return own.length === 0 ? null : { kind, isEnd, names: own };
}
