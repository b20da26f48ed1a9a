/**
 * The file of --warm-file: names of keys that were in the cache, never values. It is opened once, at
 * the start, because the right to open files is given up then.
 *
 * The first line says what the file is, each further one is a key as a JSON string of code units 0
 * to 255, and the last line says how many there are. A file without its last line is not used.
 *
 * @module
 */
import { ConfigError, type Values } from "../config/mod.ts";
import type { Key } from "../core/types.ts";

const FIRST_LINE = "redis-proxy: keys that were in the cache, version 1";

/** The most keys to save. */
const KEYS = 10_000;

/** Longer keys are not saved, in bytes. */
const KEY_LENGTH = 1024;

/** Larger files are not read, in bytes. */
const FILE_BYTES = 64 * 1024 * 1024;

/** The parts of a file that are needed. */
export type WarmTarget = Pick<
  Deno.FsFile,
  "readSync" | "writeSync" | "seekSync" | "truncateSync" | "statSync"
>;

export class WarmFile {
  constructor(readonly file: WarmTarget) {}

  /** The saved keys; none if the file is empty or was not written to its end. */
  load(): Key[] {
    return parse(this.#read());
  }

  /** Whether the file holds something else. Saving would destroy it. */
  isOther(): boolean {
    const text = this.#read(FIRST_LINE.length);
    return !FIRST_LINE.startsWith(text);
  }

  /** Saves the first keys, at most as many as are worth it. Returns how many. */
  save(keys: Iterable<Key>): number {
    const saved: string[] = [];
    for (const key of keys) {
      if (saved.length === KEYS) break;
      if (key.length <= KEY_LENGTH) saved.push(JSON.stringify(key));
    }
    const lines = [FIRST_LINE, ...saved, `${saved.length}`].map((line) => `${line}\n`);
    this.file.truncateSync(0);
    this.file.seekSync(0, Deno.SeekMode.Start);
    for (let rest = new TextEncoder().encode(lines.join("")); rest.length > 0;) {
      rest = rest.subarray(this.file.writeSync(rest));
    }
    return saved.length;
  }

  #read(limit = FILE_BYTES): string {
    const { size: all } = this.file.statSync();
    if (all > FILE_BYTES) return "";
    const size = Math.min(all, limit);
    const bytes = new Uint8Array(size);
    this.file.seekSync(0, Deno.SeekMode.Start);
    let length = 0;
    while (length < size) {
      const count = this.file.readSync(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  }
}

function parse(text: string): Key[] {
  const [first, ...lines] = text.trimEnd().split("\n");
  const count = lines.pop();
  if (first !== FIRST_LINE || count !== `${lines.length}`) return [];
  try {
    const keys = lines.map((line) => JSON.parse(line));
    return keys.every(isKey) ? keys : [];
  } catch {
    return [];
  }
}

function isKey(value: unknown): value is Key {
  return typeof value === "string" && /^[\0-\xff]*$/.test(value);
}

/**
 * Opens the file; null if no setting names one. To be called while files may still be opened.
 *
 * @throws {ConfigError} If it cannot be opened.
 */
export function openWarmFile({ "warm-file": path }: Values): WarmFile | null {
  if (path === null) return null;
  let opened: Deno.FsFile;
  try {
    opened = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (error) {
    const why = (error as Error).message;
    throw new ConfigError(
      `Cannot open "${path}" for --warm-file: wanted a file to read and write (${why})`,
    );
  }
  const file = new WarmFile(opened);
  if (file.isOther()) {
    opened.close();
    throw new ConfigError(
      `Cannot use "${path}" for --warm-file: wanted a new file, or one that redis-proxy has saved`,
    );
  }
  return file;
}
