/**
 * The state that a client has put on its own connection to Redis: a transaction, watched keys,
 * subscriptions, tracking. While there is any, every request of the client must travel over that
 * connection, and no answer may come from the cache: a GET after WATCH must be part of what is
 * watched.
 *
 * Fed with each command that was sent and the reply that came for it, in order.
 *
 * @module
 */
export class ConnectionState {
  /** The selected database; -1 if a transaction may have selected another one. */
  database: number;
  isInTransaction = false;
  isWatching = false;
  isMonitoring = false;
  isTracking = false;
  /** Whether Redis was told another name, which may be one that the proxy does not know. */
  isRenamed = false;
  /** Whether subscriptions were made inside a transaction: replies can no longer be told apart. */
  isOpaque = false;
  /** Channels and patterns; sharded channels are counted apart, as Redis does. */
  #channels = 0;
  #shardChannels = 0;

  /** @param home The database that the cache serves, which is selected at first. */
  constructor(readonly home: number, database = home) {
    this.database = database;
  }

  /** Whether the client has subscriptions. */
  get isSubscribed(): boolean {
    return this.#channels + this.#shardChannels > 0;
  }

  /** Whether nothing is left on the connection. */
  get isClean(): boolean {
    return this.database === this.home && !this.isInTransaction && !this.isWatching &&
      !this.isMonitoring && !this.isTracking &&
      !this.isSubscribed && !this.isOpaque && !this.isRenamed;
  }

  /**
   * Redis has answered a command.
   *
   * @param name Its name in lower case; a subcommand's is `parent|name`.
   * @param option The first option of SELECT and CLIENT TRACKING, in lower case.
   */
  answered(name: string, option: string, isError: boolean): void {
    if (name === "exec" || name === "discard") return this.#ended();
    if (isError) return;
    switch (name) {
      case "multi":
        this.isInTransaction = true;
        break;
      case "watch":
        this.isWatching = true;
        break;
      case "unwatch":
        this.isWatching = this.isInTransaction && this.isWatching;
        break;
      case "monitor":
        this.isMonitoring = !this.isInTransaction;
        this.isOpaque ||= this.isInTransaction;
        break;
      case "select":
        this.database = this.isInTransaction ? -1 : Number(option);
        break;
      case "client|tracking":
        this.#track(option === "on");
        break;
      case "client|setname":
      case "client|setinfo":
        this.isRenamed = true;
        break;
      case "client|caching":
        this.isTracking = true;
        break;
    }
  }

  /** Ends a transaction, whatever came of it. EXEC and DISCARD without one change nothing. */
  #ended(): void {
    if (!this.isInTransaction) return;
    this.isInTransaction = this.isWatching = false;
  }

  /** A switch inside a transaction takes effect later, if at all: tracking counts as on until then. */
  #track(isOn: boolean): void {
    this.isTracking = isOn || (this.isInTransaction && this.isTracking);
  }

  /** Redis has confirmed that a subscription was made or ended: so many of its kind remain. */
  confirmed(name: string, remaining: number): void {
    if (name === "ssubscribe" || name === "sunsubscribe") this.#shardChannels = remaining;
    else this.#channels = remaining;
  }
}

/** Commands whose replies confirm one channel each. */
export const SUBSCRIPTIONS: ReadonlySet<string> = new Set([
  ...["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"],
]);

/** Whether a command changes how replies are told apart after it. */
export function changesReplies(name: string): boolean {
  return SUBSCRIPTIONS.has(name) || name === "monitor";
}
