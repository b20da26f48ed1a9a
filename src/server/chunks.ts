/**
 * The pool of memory for replies. Connections borrow chunks for a batch.
 *
 * @module
 */

/** Size of a chunk, in bytes. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Size of the first chunk of a batch, in bytes. Most batches need no more. When many clients send
 * requests at once, each has one, and the process never returns that memory.
 */
export const FIRST_CHUNK_BYTES = 2 * 1024;

/** Most free chunks of each size in the pool. The garbage collector gets the others. */
const POOL_CHUNKS = 64;

const chunks: Uint8Array[] = [];
const firstChunks: Uint8Array[] = [];

/** Lends a chunk. */
export function lend(isFirst: boolean): Uint8Array {
  return isFirst
    ? firstChunks.pop() ?? new Uint8Array(FIRST_CHUNK_BYTES)
    : chunks.pop() ?? new Uint8Array(CHUNK_BYTES);
}

/** Takes a chunk back. */
export function giveBack(chunk: Uint8Array): void {
  const pool = chunk.length === CHUNK_BYTES ? chunks : firstChunks;
  if (pool.length < POOL_CHUNKS) pool.push(chunk);
}
