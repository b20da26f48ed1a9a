/**
 * Keeps garbage small in a process with little memory. It collects garbage when the memory in use
 * has grown, earlier if little memory is left, and returns the freed memory to the system.
 *
 * @module
 */
import type { Millis } from "../core/types.ts";
import { garbageCollector } from "../system/garbage.ts";
import { ownMemory, trimMemory } from "../system/own_memory.ts";

/** How often to check the memory. */
const LOOK: Millis = 10;

/** V8 collects garbage by itself after this much growth, in bytes. */
const V8_GROWTH = 64 * 1024 * 1024;

/** The part of a limit that code and libraries take, in bytes. */
const CODE = 40 * 1024 * 1024;

/** How often to collect garbage. */
interface Pace {
  /** The growth that triggers the next collection, as a part of the limit. */
  readonly growth: number;
  /** The least time between two collections, as a multiple of how long the first one took. */
  readonly rest: number;
}

const CALM: Pace = { growth: 1 / 16, rest: 4 };
const TIGHT: Pace = { growth: 1 / 64, rest: 1 };

/** Above this part of the limit, without code and libraries, memory is tight. */
const TIGHT_FROM = 0.66;

/** The memory of the process, in bytes. */
export interface Memory {
  /** The memory that V8 knows of: its heap, and the buffers of the objects in it. */
  readonly used: number;
  /** The memory that the system counts, without code and libraries. */
  readonly own: number;
}

/**
 * Guards a process whose limit is so low that V8 would collect too late.
 *
 * @param limit Bytes that the process may have; null for no limit.
 */
export async function guardMemory(limit: number | null): Promise<void> {
  if (limit === null || limit * CALM.growth >= V8_GROWTH) return;
  const collectGarbage = await garbageCollector();
  if (collectGarbage === null) return;
  const collect = () => {
    collectGarbage();
    trimMemory();
  };
  const guard = new MemoryGuard(limit, collect, memory);
  Deno.unrefTimer(setInterval(() => guard.look(), LOOK));
}

function memory(): Memory {
  const { heapUsed, external } = Deno.memoryUsage();
  return { used: heapUsed + external, own: ownMemory() };
}

export class MemoryGuard {
  /** Memory in use after the last collection, in bytes. */
  #base = Infinity;
  #collectedAt: Millis = 0;
  #took: Millis = 0;

  /**
   * @param limit Bytes that the process may have.
   * @param collect Collects garbage.
   */
  constructor(
    readonly limit: number,
    readonly collect: () => void,
    readonly memory: () => Memory,
    readonly clock: () => Millis = () => performance.now(),
  ) {}

  /** Collects garbage if there may be too much. */
  look(): void {
    const { used, own } = this.memory();
    const { growth, rest } = own > TIGHT_FROM * (this.limit - CODE) ? TIGHT : CALM;
    // V8 also collects by itself.
    this.#base = Math.min(this.#base, used);
    const start = this.clock();
    if (used - this.#base < growth * this.limit) return;
    if (start - this.#collectedAt < rest * this.#took) return;
    this.collect();
    this.#base = this.memory().used;
    this.#collectedAt = this.clock();
    this.#took = this.#collectedAt - start;
  }
}
