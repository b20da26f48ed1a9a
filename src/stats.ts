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
}
