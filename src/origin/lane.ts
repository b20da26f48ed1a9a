/**
 * A separate connection for large values, so that other reads neither wait behind them nor are lost
 * with them. It opens when it is needed, and closes after an idle time.
 *
 * @module
 */
import { SILENCE } from "../core/silence.ts";
import type { Fetched, Key, Millis } from "../core/types.ts";
import type { Large } from "./large.ts";
import { SilenceWatch } from "./watch.ts";

/** The connection closes after so much time without a read. */
const IDLE: Millis = 30_000;

/** The pause after a failed attempt to connect. */
const PAUSE: Millis = 500;

/** A connection that is ready to read. */
export interface LaneConnection {
  /** Bytes received so far. */
  readonly received: number;
  /** Reads a value. Rejects if the connection is lost, or replies wrongly. */
  read(key: Key, large: Large): Promise<Fetched>;
  /** Closes the connection. Waiting reads reject. */
  close(): void;
}

/** The connection ended, or replied wrongly, during the read of this value. */
export class Lost {
  constructor(readonly error: Error) {}
}

/** The reason why there is no connection. */
export class NoLane {
  constructor(readonly message: string) {}
}

/** One connection, or the attempt to open it, with the reads that use it. */
interface Track<Owner> {
  readonly owner: Owner;
  readonly connecting: Promise<LaneConnection>;
  readonly watch: SilenceWatch;
  reads: number;
  isSilent: boolean;
  isEnded: boolean;
}

/** @template Owner The owner of the connection. Another owner needs another connection. */
export class Lane<Owner> {
  #track: Track<Owner> | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #pausedUntil: Millis = -Infinity;

  /**
   * @param open Connects.
   * @param timeout How long the connection may be silent during a read.
   * @param isSerial Whether it reads one value at a time. Then it is known which value breaks it.
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

  /** Closes the connection. Waiting reads fail. */
  close(): void {
    if (this.#track !== null) this.#end(this.#track);
  }

  /** Has later reads take a new connection; reads that are under way go on. */
  renew(): void {
    const track = this.#track;
    this.#track = null;
    clearTimeout(this.#idle);
    if (track?.reads === 0) this.#end(track);
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
      return SILENCE;
    }
  }

  /** The connection of an owner; null during the pause after a failed attempt. */
  #trackOf(owner: Owner): Track<Owner> | null {
    if (this.#track?.owner === owner) return this.#track;
    if (performance.now() < this.#pausedUntil) return null;
    const before = this.#track;
    this.#track = this.#lay(owner);
    // Reads over the previous connection go on.
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

  /** Notes that no read uses a connection any more. */
  #rest(track: Track<Owner>): void {
    if (this.#track !== track) this.#end(track);
    else this.#idle = setTimeout(() => this.#end(track), IDLE);
  }

  #end(track: Track<Owner>): void {
    if (this.#track === track) {
      clearTimeout(this.#idle);
      this.#track = null;
    }
    // All reads of a connection end with it, and each of them comes here.
    if (track.isEnded) return;
    track.isEnded = true;
    track.watch.close();
    track.connecting.then((connection) => connection.close()).catch(() => {/* It is gone. */});
  }
}
