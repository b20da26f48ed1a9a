/**
 * Lets another process take over a port. Listeners of several processes can share one (SO_REUSEPORT),
 * and the kernel spreads new connections over them. One that is about to close must get no more: what
 * is still in its queue then would be reset. So it has the kernel choose another one first.
 * Source: socket(7), SO_ATTACH_REUSEPORT_CBPF. Linux only.
 *
 * @module
 */
import { addressOf, libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const SO_ATTACH_REUSEPORT_CBPF = 51;

/** `BPF_RET | BPF_K`: the program is this one instruction, and returns its constant. */
const RETURN = 0x06;

/** The program, of one `struct sock_filter`, and the `struct sock_fprog` that points to it. */
const FILTER = new DataView(new ArrayBuffer(8));
const PROGRAM = new DataView(new ArrayBuffer(16));
const FILTER_ADDRESS = addressOf(FILTER.buffer);

/**
 * Which listener of a group gets new connections, one after the other until it is not our own: they
 * are numbered in the order in which they began to listen. A number that nobody has leaves the choice
 * to the kernel.
 */
const CHOICES = [1, 0, 2, 3];

/** Descriptors that are looked at: listeners are among the first. */
const DESCRIPTORS = 256;

export class PortHandOver {
  readonly #listeners: readonly number[];
  #attempt = 0;

  /** @param ports Ports that this process listens on. */
  constructor(ports: readonly number[]) {
    this.#listeners = libc === null || FILTER_ADDRESS === null ? [] : listenersOn(ports);
  }

  /** Whether there is a listener that new connections can be kept from. */
  get isPossible(): boolean {
    return this.#listeners.length > 0;
  }

  /** Has another process get new connections; once more, if it turns out that it does not. */
  turnAway(): void {
    const choice = CHOICES[this.#attempt++ % CHOICES.length]!;
    FILTER.setUint16(0, RETURN, true);
    FILTER.setUint32(4, choice, true);
    PROGRAM.setUint16(0, 1, true);
    PROGRAM.setBigUint64(8, FILTER_ADDRESS!, true);
    for (const listener of this.#listeners) {
      const program = new Uint8Array(PROGRAM.buffer);
      libc!.setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program, program.length);
    }
  }
}

/** The descriptors of the process that listen on some ports. */
function listenersOn(ports: readonly number[]): number[] {
  const found: number[] = [];
  const isListening = new Int32Array(1);
  const address = new Uint8Array(128);
  const length = new Uint32Array(1);
  for (let descriptor = 3; descriptor < DESCRIPTORS; descriptor++) {
    length[0] = 4;
    isListening[0] = 0;
    libc!.getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, isListening, length);
    if (isListening[0] === 0) continue;
    length[0] = address.length;
    libc!.getsockname(descriptor, address, length);
    // The port has the same place in both families, in network order.
    if (ports.includes(address[2]! * 256 + address[3]!)) found.push(descriptor);
  }
  return found;
}
