/**
 * Lets another process take over a port. Listeners of several processes can share one
 * (SO_REUSEPORT), and the kernel spreads new connections over them. A listener that is about to
 * close must get no more: closing it resets the connections in its queue. So it first makes the
 * kernel choose another listener.
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
 * The listeners to choose, by number, until the choice is not our own. Listeners are numbered in
 * the order in which they began to listen. If no listener has the number, the kernel chooses as
 * usual.
 */
const CHOICES = [1, 0, 2, 3];

/** The number of descriptors to look at: listeners are among the first. */
const DESCRIPTORS = 256;

export class PortHandOver {
  readonly #listeners: readonly number[];
  #attempt = 0;

  /** @param ports Ports that this process listens on. */
  constructor(ports: readonly number[]) {
    this.#listeners = libc === null || FILTER_ADDRESS === null ? [] : listenersOn(ports);
  }

  /** Whether there is a listener whose new connections can go elsewhere. */
  get isPossible(): boolean {
    return this.#listeners.length > 0;
  }

  /** Makes another process get new connections. Call it again if this process still gets them. */
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
