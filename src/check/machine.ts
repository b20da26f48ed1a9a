/**
 * The limits of the process: open files and memory.
 *
 * @module
 */
import { connectionsThatFit, reservedDescriptors } from "../app/descriptors.ts";
import { fittedDefaults, isTooMuch, neededMemory } from "../app/memory_fit.ts";
import { adminDescriptors, wantedConnections } from "../app/server_options.ts";
import { type Config, ConfigError } from "../config/mod.ts";
import { openFiles, openFilesLimit } from "../system/open_files.ts";
import { error, type Finding, ok, warning } from "./finding.ts";

const MB = 1024 * 1024;

/** The limits of a process. */
export interface Limits {
  /** Open files; Infinity for no limit, null if unknown. */
  readonly openFiles: number | null;
  /** Memory in bytes; null for no limit. */
  readonly memory: number | null;
}

/** Checks whether the settings fit the limits of this process. */
export function checkMachine(config: Config, limits: Limits): Finding[] {
  return [checkOpenFiles(config, limits.openFiles), checkMemory(config, limits.memory)];
}

function checkOpenFiles({ values }: Config, limit: number | null): Finding {
  const about = "open files";
  const wanted = wantedConnections(values);
  const descriptors = { limit, inUse: openFiles(), admin: adminDescriptors(values) };
  const enough = wanted.clients + wanted.upstreams + reservedDescriptors(descriptors);
  const fix = `ulimit -n ${enough}, or LimitNOFILE=${enough} in systemd`;
  try {
    const { clients, upstreams } = connectionsThatFit(wanted, descriptors);
    const room = `${clients} clients and ${upstreams} connections of their own`;
    return clients < wanted.clients || upstreams < wanted.upstreams
      ? warning(about, `The limit of ${limit} has room for only ${room}`, fix)
      : ok(about, `The limit of ${limit ?? "unknown size"} has room for ${room}`);
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    return error(about, `The limit of ${limit} has no room for a client`, fix);
  }
}

function checkMemory(config: Config, limit: number | null): Finding {
  const about = "memory";
  if (limit === null) return ok(about, "No limit");
  const needed = neededMemory({ ...config.values, ...fittedDefaults(config, limit) });
  const [has, wants] = [`${Math.floor(limit / MB)} MB`, `${Math.ceil(needed / MB)} MB`];
  return isTooMuch(needed, limit)
    ? warning(
      about,
      `The settings may need ${wants}, and the limit is ${has}: the kernel may kill the proxy`,
      `MemoryMax=${Math.ceil(needed / MB)}M in systemd, or a lower --cache-memory`,
    )
    : ok(about, `The limit of ${has} is enough: the settings need at most ${wants}`);
}

/** The limits of this process. */
export function limitsOf(memory: number | null): Limits {
  return { openFiles: openFilesLimit(), memory };
}
