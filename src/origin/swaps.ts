/**
 * Notices that somebody has swapped databases. Redis announces SWAPDB to no client that tracks
 * reads, but it counts the calls of each command, those of scripts included.
 *
 * Source: https://redis.io/docs/latest/commands/info/
 *
 * @module
 */
import { NextRun } from "../core/next_run.ts";
import type { Asked, Handshake } from "./handshake.ts";

/** The question. Redis takes about 50 µs for the answer. */
const QUESTION = ["INFO", "commandstats"] as const;

/** Calls since the start of Redis, or since CONFIG RESETSTAT. */
interface Calls {
  readonly swaps: number;
  /** They only grow, so fewer than before show that the counts began anew. */
  readonly questions: number;
}

export class SwapWatch {
  /** Called if databases may have been swapped. */
  onSwap: () => void = () => {};
  #last: Calls;
  readonly #asked = new NextRun(() => this.#ask());

  private constructor(readonly redis: Asked, first: Calls) {
    this.#last = first;
  }

  /**
   * Begins to watch; null if the server does not count calls.
   *
   * @throws {Error} As `Handshake.may`.
   */
  static async begin(handshake: Handshake): Promise<SwapWatch | null> {
    const first = callsOf(await handshake.may(...QUESTION));
    return first === null ? null : new SwapWatch(handshake.redis, first);
  }

  /**
   * Resolves to true once all earlier swaps are known, or to false if the connection is lost. All
   * callers before the next question share it.
   */
  look(): Promise<boolean> {
    return this.#asked.ask();
  }

  async #ask(): Promise<boolean> {
    let calls: Calls | null;
    try {
      calls = callsOf(await this.redis.call(...QUESTION));
    } catch {
      return false;
    }
    if (calls === null) return false;
    const { swaps, questions } = this.#last;
    this.#last = calls;
    const isNew = calls.questions < questions;
    if (calls.swaps !== (isNew ? 0 : swaps)) this.onSwap();
    return true;
  }
}

function callsOf(info: unknown): Calls | null {
  const text = String(info);
  if (!/^cmdstat_/m.test(text)) return null;
  return { swaps: countOf(text, "swapdb"), questions: countOf(text, "info") };
}

function countOf(text: string, name: string): number {
  return Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, "m").exec(text)?.[1] ?? 0);
}
