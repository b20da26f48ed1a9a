/**
 * The state of a client's private connection to Redis: a transaction, watched keys, subscriptions,
 * tracking. While there is state, every request of the client must take this connection, and no
 * answer may come from the cache: a GET after WATCH must reach Redis.
 *
 * It learns of each command and its reply, in order.
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
  /** Whether other clients redirect their invalidations to this connection. */
  isTarget = false;
  /** Whether the client has changed its name or user at Redis. The proxy may not know the new one. */
  isRenamed = false;
  /** Whether Redis no longer sends replies, but a stream of other bytes, as after SYNC. */
  isOpaque = false;
  /** Redis counts channels and patterns together, and sharded channels apart. */
  #channels = 0;
  #patterns = 0;
  #shardChannels = 0;

  /** @param home The database that the cache serves, selected at the start. */
  constructor(readonly home: number, database = home) {
    this.database = database;
  }

  /** Whether the client has subscriptions. */
  get isSubscribed(): boolean {
    return this.#channels + this.#patterns + this.#shardChannels > 0;
  }

  /** Whether the connection holds no state. */
  get isClean(): boolean {
    return !this.isInTransaction && this.#isBare;
  }

  /** Whether a transaction is the only state. */
  get isBareTransaction(): boolean {
    return this.isInTransaction && this.#isBare;
  }

  get #isBare(): boolean {
    return this.database === this.home && !this.isWatching && !this.isMonitoring &&
      !this.isTracking && !this.isTarget &&
      !this.isSubscribed && !this.isOpaque && !this.isRenamed;
  }

  /**
   * Notes that Redis has answered a command.
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
        break;
      case "select":
        this.database = this.isInTransaction ? -1 : Number(option);
        break;
      case "client|tracking":
        this.#track(option === "on");
        break;
      case "auth":
      case "hello":
        // Queued commands take effect at EXEC, if at all. So the user is not known, and may have no
        // right to what is cached.
        this.isRenamed ||= this.isInTransaction;
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

  /** Ends a transaction. EXEC and DISCARD without MULTI change nothing. */
  #ended(): void {
    if (!this.isInTransaction) return;
    this.isInTransaction = this.isWatching = false;
  }

  /**
   * Notes a change of tracking. In a transaction it takes effect later, so tracking counts as on.
   */
  #track(isOn: boolean): void {
    this.isTracking = isOn || (this.isInTransaction && this.isTracking);
  }

  /**
   * Notes that Redis has confirmed a subscription or its end.
   *
   * @param remaining What remains: channels and patterns, or sharded channels.
   */
  confirmed(name: string, remaining: number): void {
    if (name === "ssubscribe" || name === "sunsubscribe") this.#shardChannels = remaining;
    else if (name.startsWith("p")) this.#patterns = remaining - this.#channels;
    else this.#channels = remaining - this.#patterns;
  }

  /** How many confirmations Redis sends for a command that ends all subscriptions of its kind. */
  endsOf(name: string): number {
    switch (name) {
      case "unsubscribe":
        return Math.max(1, this.#channels);
      case "punsubscribe":
        return Math.max(1, this.#patterns);
      case "sunsubscribe":
        return Math.max(1, this.#shardChannels);
      default:
        return 1;
    }
  }
}

/** Commands whose replies confirm one channel each. */
export const SUBSCRIPTIONS: ReadonlySet<string> = new Set([
  ...["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"],
]);

/** Whether a command changes how later replies are matched to requests. */
export function changesReplies(name: string): boolean {
  return SUBSCRIPTIONS.has(name) || name === "monitor";
}
