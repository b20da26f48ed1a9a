/**
 * Shows the settings as they are in effect: those that were given, the defaults, and the defaults
 * that follow from other settings or from the memory limit.
 *
 * @module
 */
import { type Config, effectiveSettings, settingsJson, settingsTable } from "../config/mod.ts";
import { generalPolicy, respFreshness } from "./defaults.ts";
import { Policies } from "../cache/policy.ts";
import { fittedDefaults } from "./memory_fit.ts";

/**
 * Returns the settings as a table or as JSON. No secret is shown.
 *
 * @param limit Bytes that the process may have; null for no limit.
 */
export function showSettings(config: Config, limit: number | null): string {
  const fitted = Object.entries(fittedDefaults(config, limit))
    .map(([flag, value]) => [flag, `${value}`]);
  const values = { ...config.values, ...fittedDefaults(config, limit) };
  const policy = generalPolicy(values);
  const derived = {
    ...Object.fromEntries(fitted),
    "value-limit": `${policy.valueLimit}`,
    "absent-timeout": `${policy.tracked.absence}ms`,
    "resp-freshness": respFreshness(values, new Policies(policy, values.policy ?? [])),
  };
  const settings = effectiveSettings(config.places, derived);
  return config.isJson ? settingsJson(settings) : settingsTable(settings);
}
