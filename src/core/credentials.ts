/**
 * The user and the password that protect both protocols.
 *
 * They are compared as SHA-256 digests, which have one length, and in constant time: the response
 * time does not reveal how much of a guess was right.
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";

/** The user of a client that names none, as in Redis. */
export const DEFAULT_USER = "default";

/** The user name and the password that clients must give. Compares in constant time. */
export class Credentials {
  readonly #user: Uint8Array;
  #password: Uint8Array | null;
  #epoch = 0;

  /**
   * Makes credentials. Both parts are compared by their bytes in UTF-8.
   *
   * @param password null lets everybody in.
   */
  constructor(readonly user: string, password: string | null) {
    this.#user = digest(user, "utf8");
    this.#password = password === null ? null : digest(password, "utf8");
  }

  /** Grows with each change of the password, so that earlier decisions can be checked again. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Replaces the password. Clients that gave the old one stay authenticated, as in Redis. */
  change(password: string): void {
    this.#password = digest(password, "utf8");
    this.#epoch++;
  }

  /** Whether clients must authenticate. */
  get required(): boolean {
    return this.#password !== null;
  }

  /**
   * Whether these are the user and the password, each as the client's bytes in code units 0 to 255
   * (Latin-1). If no password is set, the right user may give any, like a `nopass` user in Redis.
   */
  check(user: string, password: string): boolean {
    const isUser = timingSafeEqual(digest(user, "latin1"), this.#user);
    return this.checkPassword(password) && isUser;
  }

  /** Whether this is the password, for clients that give no user. */
  checkPassword(password: string): boolean {
    return this.#password === null || timingSafeEqual(digest(password, "latin1"), this.#password);
  }
}

function digest(text: string, encoding: "utf8" | "latin1"): Uint8Array {
  return createHash("sha256").update(text, encoding).digest();
}
