/**
 * The files that the proxy writes while it serves.
 *
 * @module
 */
import { openAccessLog } from "../app/request_log.ts";
import { openWarmFile } from "../app/warm_file.ts";
import { ConfigError, type Values } from "../config/mod.ts";
import { error, type Finding, refusal } from "./finding.ts";
import { isFolder } from "./folder.ts";

const OPENERS = { "access-log": openAccessLog, "warm-file": openWarmFile };

/**
 * Opens the files as the proxy would, and removes those that were not there before. Call it while
 * the process may still write files.
 */
export function tryFiles(values: Values): Finding[] {
  return (["access-log", "warm-file"] as const).flatMap((flag) => tryFile(flag, values) ?? []);
}

function tryFile(flag: keyof typeof OPENERS, values: Values): Finding | null {
  const path = values[flag];
  if (path === null) return null;
  const folder = /^(.*)\/[^/]*$/.exec(path)?.[1];
  if (folder && !isFolder(folder)) {
    return error("files", `There is no folder for the file of --${flag}`, `mkdir -p ${folder}`);
  }
  const existed = exists(path);
  try {
    OPENERS[flag](values);
    if (!existed && exists(path)) Deno.removeSync(path);
    return null;
  } catch (failure) {
    if (failure instanceof ConfigError) return refusal("files", failure);
    throw failure;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
