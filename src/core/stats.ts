/**
 * The counters of the proxy. Plain fields, incremented where an event happens.
 *
 * @module
 */
export class Stats {
  /** Connected clients. */
  clients = 0;
  /** Clients accepted since the start. */
  clientsTotal = 0;
  /** Clients refused because of the limit. */
  clientsRefused = 0;
  /** Clients disconnected because they did not read their replies. */
  clientsCutOff = 0;
  /** Answered requests of both protocols. */
  requests = 0;
  /** Keys answered from the cache. */
  hits = 0;
  /** Keys not answered from the cache. */
  misses = 0;
  /** Keys read from the origin. */
  originReads = 0;
  /** Reads at the origin that failed. */
  originFailures = 0;
  /** Keys that cannot be read: their reply ends the connection, or is of an unexpected type. */
  originBroken = 0;
  /** Keys whose read was refused because several reads in a row had failed. */
  originRefusals = 0;
  /** Keys not read again because their last read had just failed. */
  backedOff = 0;
  /** Keys answered by the read of another request. */
  collapsed = 0;
  /** Keys answered with stale values because Redis did not answer. */
  staleAnswers = 0;
  /** Keys refreshed before they expired, because they are in use. */
  refreshes = 0;
  /** Changes of keys that Redis announced. */
  invalidations = 0;
  /** Reads whose key changed meanwhile: answered, but not cached. */
  detached = 0;
  /** Flushes that Redis announced. */
  flushes = 0;
  /**
   * Messages on the channel of invalidations that are not invalidations: somebody publishes there.
   */
  foreignMessages = 0;
  /** Commands that passed to Redis. */
  commandsPassed = 0;
  /** Commands that were refused: denied, or not for a client without a password. */
  commandsRefused = 0;
  /** Connections to Redis that are open for clients that need their own. */
  upstreams = 0;
  /** Connections to Redis that were opened for clients that need their own. */
  upstreamsTotal = 0;
  /** Connections to Redis made so far. */
  connections = 0;
  /** Connections to Redis lost so far. */
  connectionsLost = 0;
}
