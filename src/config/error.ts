/** A configuration that cannot be used; the message is one sentence for the person who wrote it. */
export class ConfigError extends Error {
  /** Identifies the kind of error. */
  override name = "ConfigError";
}
