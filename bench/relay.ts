// A relay that delays every byte in each direction, so that a Redis on this machine seems far away.
// Bytes keep their order, the relay merges nothing on purpose, and connections do not use Nagle's
// algorithm, which would add 40 ms.
//   deno run -A bench/relay.ts LISTEN_PORT TARGET_PORT DELAY_MS
import { accept, close, connect, listen, Poll, read, write } from "./libc.ts";

/** One direction of a relayed connection. */
interface End {
  readonly fd: number;
  other: End | undefined;
  isOpen: boolean;
}

/**
 * Bytes that were read, to write when they are due. All wait equally long, so they are in order.
 */
interface Parcel {
  readonly to: End;
  readonly due: number;
  /** null means that the other side has ended. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

const LISTENER = 0;

class Relay {
  readonly #poll = new Poll();
  readonly #ends = new Map<number, End>();
  readonly #incoming = new Uint8Array(256 * 1024);
  #parcels: Parcel[] = [];
  #first = 0;

  constructor(readonly listener: number, readonly target: number, readonly delay: number) {
    this.#poll.add(listener, LISTENER);
  }

  run(): never {
    for (;;) {
      const next = this.#parcels[this.#first];
      const wait = next === undefined ? 1000 : next.due - performance.now();
      const ready = this.#poll.wait(wait);
      for (let index = 0; index < ready; index++) {
        const token = this.#poll.token(index);
        if (token === LISTENER) this.#admit();
        else this.#take(token);
      }
      this.#deliver();
    }
  }

  #admit(): void {
    for (let fd = accept(this.listener); fd >= 0; fd = accept(this.listener)) {
      const near = this.#end(fd);
      const far = this.#end(connect(this.target));
      near.other = far;
      far.other = near;
    }
  }

  #end(fd: number): End {
    const end: End = { fd, other: undefined, isOpen: true };
    this.#ends.set(fd, end);
    this.#poll.add(fd, fd);
    return end;
  }

  #take(fd: number): void {
    const end = this.#ends.get(fd);
    if (end === undefined) return;
    const count = attempt(() => read(fd, this.#incoming)) ?? 0;
    if (count < 0) return;
    const bytes = count === 0 ? null : this.#incoming.slice(0, count);
    if (bytes === null) this.#poll.remove(fd);
    this.#parcels.push({ to: end.other!, due: performance.now() + this.delay, bytes });
  }

  #deliver(): void {
    const now = performance.now();
    for (; this.#first < this.#parcels.length; this.#first++) {
      const { to, due, bytes } = this.#parcels[this.#first]!;
      if (due > now) break;
      if (bytes === null) this.#finish(to);
      else if (to.isOpen) this.#send(to, bytes);
    }
    if (this.#first > 4096) {
      this.#parcels = this.#parcels.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Writes everything, and spins while the socket is full: requests and replies are small here. */
  #send(to: End, bytes: Uint8Array<ArrayBuffer>): void {
    for (let rest = bytes; rest.length > 0;) {
      const count = attempt(() => write(to.fd, rest));
      if (count === undefined) return;
      rest = rest.subarray(count);
    }
  }

  #finish(end: End): void {
    for (const one of [end, end.other!]) {
      if (!one.isOpen) continue;
      one.isOpen = false;
      this.#ends.delete(one.fd);
      close(one.fd);
    }
  }
}

/** The result of a call, or undefined if the connection has ended. */
function attempt<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const [port, target, delay] = Deno.args.map(Number) as [number, number, number];
  new Relay(listen(port), target, delay).run();
}
