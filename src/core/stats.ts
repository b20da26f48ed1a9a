/**
 * What the proxy counts of itself. Plain fields, incremented where the thing happens.
 *
 * @module
 */
export class Stats {
  /** Clients accepted since the start. */
  clientsTotal = 0;
  /** Clients turned away because there were too many. */
  clientsRefused = 0;
  /** Clients cut off because they did not take their replies. */
  clientsCutOff = 0;
  /** Requests answered, of either protocol. */
  requests = 0;
  /** Keys answered from the cache. */
  hits = 0;
  /** Keys not answered from the cache. */
  misses = 0;
  /** Keys read from the origin. */
  originReads = 0;
  /** Reads at the origin that failed. */
  originFailures = 0;
  /** Keys that cannot be read, since their reply costs the connection or is no reply to a read. */
  originBroken = 0;
  /** Keys refused a read, since reads had failed several times in a row. */
  originRefusals = 0;
  /** Keys not read again, since their last read had just failed. */
  backedOff = 0;
  /** Keys answered with another request's read. */
  collapsed = 0;
  /** Keys answered past their time, for Redis gave no answer. */
  staleAnswers = 0;
  /** Keys read anew ahead of their time, because they are in use. */
  refreshes = 0;
  /** Keys that Redis said were changed. */
  invalidations = 0;
  /** Reads whose key was changed while they were under way: answered, but not kept. */
  detached = 0;
  /** Times that Redis said that all keys are gone. */
  flushes = 0;
  /** Messages on the channel of invalidations that are none: somebody publishes there. */
  foreignMessages = 0;
  /** Connections to Redis made so far. */
  connections = 0;
  /** Connections to Redis lost so far. */
  connectionsLost = 0;
}
