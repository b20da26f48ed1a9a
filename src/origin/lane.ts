/**
 * A connection of its own for large values, so that nothing else waits behind them, and nothing else
 * is lost with them. It is made when it is needed, and closed when it has been idle for a while.
 *
 * @module
 */
import { Failure, type Fetched, type Key, type Millis } from "../core/types.ts";
import type { Large } from "./large.ts";
import { SILENT } from "./loss.ts";
import { SilenceWatch } from "./watch.ts";

/** Time without a read after which the connection is closed. */
const IDLE: Millis = 30_000;

/** Time after a failed attempt to connect in which there is no other one. */
const PAUSE: Millis = 500;

/** A connection that is ready to read. */
export interface LaneConnection {
  /** Bytes received so far. */
  readonly received: number;
  /** Reads a value. Rejects when the connection is lost, or replies wrongly. */
  read(key: Key, large: Large): Promise<Fetched>;
  /** Closes the connection; what waits for an answer rejects. */
  close(): void;
}

/** The connection ended, or replied wrongly, while it read this value. */
export class Lost {
  constructor(readonly error: Error) {}
}

/** There is no connection, and why. */
export class NoLane {
  constructor(readonly message: string) {}
}

/** One connection, or the attempt to make it, with the reads that use it. */
interface Track<Owner> {
  readonly owner: Owner;
  readonly connecting: Promise<LaneConnection>;
  readonly watch: SilenceWatch;
  reads: number;
  isSilent: boolean;
  isEnded: boolean;
}

/** @template Owner What the connection goes with: another owner needs another connection. */
export class Lane<Owner> {
  #track: Track<Owner> | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #pausedUntil: Millis = -Infinity;

  /**
   * @param open Connects.
   * @param timeout How long the connection may be silent while a read waits.
   * @param isSerial Whether it reads one value at a time: then it is known which one costs it.
   */
  constructor(
    readonly open: (owner: Owner) => Promise<LaneConnection>,
    readonly timeout: Millis,
    readonly isSerial: boolean,
  ) {}

  /** Reads a value. Never rejects. */
  read(owner: Owner, key: Key, large: Large): Promise<Fetched | Lost | NoLane> {
    if (!this.isSerial) return this.#read(owner, key, large);
    const reading = this.#last.then(() => this.#read(owner, key, large));
    this.#last = reading;
    return reading;
  }

  /** Closes the connection; reads that wait fail. */
  close(): void {
    if (this.#track !== null) this.#end(this.#track);
  }

  async #read(owner: Owner, key: Key, large: Large): Promise<Fetched | Lost | NoLane> {
    const track = this.#trackOf(owner);
    if (track === null) return new NoLane("the last attempt to connect has just failed");
    track.reads++;
    clearTimeout(this.#idle);
    try {
      return await this.#readOver(track, key, large);
    } finally {
      if (--track.reads === 0) this.#rest(track);
    }
  }

  async #readOver(track: Track<Owner>, key: Key, large: Large) {
    let connection: LaneConnection;
    try {
      connection = await track.connecting;
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE;
      this.#end(track);
      return new NoLane((error as Error).message);
    }
    try {
      return await track.watch.during(connection.read(key, large));
    } catch (error) {
      this.#end(track);
      if (!track.isSilent) return new Lost(error as Error);
      return new Failure("timeout", SILENT);
    }
  }

  /** The connection that goes with an owner; null shortly after a failed attempt to make one. */
  #trackOf(owner: Owner): Track<Owner> | null {
    if (this.#track?.owner === owner) return this.#track;
    if (performance.now() < this.#pausedUntil) return null;
    const before = this.#track;
    this.#track = this.#lay(owner);
    // Values that are under way over the one before go on.
    if (before?.reads === 0) this.#end(before);
    return this.#track;
  }

  #lay(owner: Owner): Track<Owner> {
    let received = () => 0;
    const track: Track<Owner> = {
      owner,
      connecting: this.open(owner).then((connection) => {
        received = () => connection.received;
        return connection;
      }),
      watch: new SilenceWatch(this.timeout, () => received(), () => {
        track.isSilent = true;
        this.#end(track);
      }),
      reads: 0,
      isSilent: false,
      isEnded: false,
    };
    return track;
  }

  /** Nobody reads over a connection any more. */
  #rest(track: Track<Owner>): void {
    if (this.#track !== track) this.#end(track);
    else this.#idle = setTimeout(() => this.#end(track), IDLE);
  }

  #end(track: Track<Owner>): void {
    if (this.#track === track) {
      clearTimeout(this.#idle);
      this.#track = null;
    }
    // All reads of a connection end with it, and each comes here.
    if (track.isEnded) return;
    track.isEnded = true;
    track.watch.close();
    track.connecting.then((connection) => connection.close()).catch(() => {/* It is gone. */});
  }
}
