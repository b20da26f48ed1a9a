/**
 * Where to connect. One Redis is always at the same address; a master of several may move.
 *
 * @module
 */
import { display, type OriginAddress } from "./address.ts";

/** Knows where Redis is. */
export interface Location {
  /** What the log calls it while no address is known. */
  readonly name: string;
  /**
   * Returns the address to connect to now.
   *
   * @throws {Error} Why there is none.
   */
  find(): Promise<OriginAddress>;
  /** Asks whether Redis is still where `find` last said. Absent where it never moves. */
  confirm?(): Promise<boolean>;
}

/** An address that never changes. */
export function fixed(address: OriginAddress): Location {
  return { name: display(address), find: () => Promise.resolve(address) };
}
