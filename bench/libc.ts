// Sockets and epoll from libc through Deno's FFI. A load generator built on promises would cost as
// much per request as the servers it measures; a system call from here costs what it costs in C.
// Linux only.
import { Buffer } from "node:buffer";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EAGAIN = 11;
const EINTR = 4;

export const EPOLLIN = 1;
export const EPOLLOUT = 4;

// On x86-64, and nowhere else, the kernel's struct epoll_event is packed.
const EVENT_BYTES = Deno.build.arch === "x86_64" ? 12 : 16;
const EVENT_DATA = EVENT_BYTES - 8;

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_pwait2: { parameters: ["i32", "buffer", "i32", "buffer", "pointer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
});

function errno(): number {
  return new Deno.UnsafePointerView(libc.__errno_location()!).getInt32();
}

function checked(result: number, what: string): number {
  if (result >= 0) return result;
  throw new Error(`Cannot ${what}: error ${errno()} of libc`);
}

/** The address of a port of loopback, as `struct sockaddr_in`. */
function loopback(port: number): Uint8Array<ArrayBuffer> {
  const address = new Uint8Array(16);
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  view.setUint32(4, 0x7f000001);
  return address;
}

function setOption(fd: number, level: number, name: number): void {
  checked(libc.setsockopt(fd, level, name, new Uint8Array([1, 0, 0, 0]), 4), "set a socket option");
}

/** Connects to a port of loopback, without Nagle's algorithm; reads and writes never block. */
export function connect(port: number): number {
  const fd = checked(libc.socket(AF_INET, SOCK_STREAM, 0), "make a socket");
  checked(libc.connect(fd, loopback(port), 16), `connect to port ${port}`);
  setOption(fd, IPPROTO_TCP, TCP_NODELAY);
  checked(libc.fcntl(fd, 4, /* F_SETFL */ SOCK_NONBLOCK), "make a socket non-blocking");
  return fd;
}

/** Listens on a port of loopback. */
export function listen(port: number): number {
  const fd = checked(libc.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "make a socket");
  setOption(fd, SOL_SOCKET, SO_REUSEADDR);
  checked(libc.bind(fd, loopback(port), 16), `bind to port ${port}`);
  checked(libc.listen(fd, 4096), `listen on port ${port}`);
  return fd;
}

/** Accepts a connection; -1 if none waits. */
export function accept(listener: number): number {
  const fd = libc.accept4(listener, null, null, SOCK_NONBLOCK);
  if (fd >= 0) setOption(fd, IPPROTO_TCP, TCP_NODELAY);
  return fd;
}

/**
 * Reads the available bytes: their count, 0 if the other side has ended, -1 if there are none yet.
 */
export function read(fd: number, into: Uint8Array<ArrayBuffer>): number {
  const count = libc.read(fd, into, into.length);
  if (count >= 0 || isNotYet()) return count;
  throw new Error(`Cannot read from a connection: error ${errno()} of libc`);
}

/** Writes what fits: the count of bytes, 0 if nothing fits yet. */
export function write(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  const count = libc.write(fd, bytes, bytes.length);
  if (count >= 0) return count;
  if (isNotYet()) return 0;
  throw new Error(`Cannot write to a connection: error ${errno()} of libc`);
}

function isNotYet(): boolean {
  const code = errno();
  return code === EAGAIN || code === EINTR;
}

export function close(fd: number): void {
  libc.close(fd);
}

/** Waits for events of many connections. */
export class Poll {
  readonly #fd = checked(libc.epoll_create1(0), "make an epoll");
  readonly #events: Buffer<ArrayBuffer>;
  readonly #timeout = new BigInt64Array(2);
  readonly #timeoutBytes = new Uint8Array(this.#timeout.buffer);

  constructor(readonly capacity = 1024) {
    this.#events = Buffer.alloc(capacity * EVENT_BYTES);
  }

  add(fd: number, token: number, events = EPOLLIN): void {
    this.#control(EPOLL_CTL_ADD, fd, token, events);
  }

  change(fd: number, token: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, fd, token, events);
  }

  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /** Waits at most this many milliseconds, fractions included, and returns how many are ready. */
  wait(millis: number): number {
    const nanos = Math.max(0, Math.round(millis * 1e6));
    this.#timeout[0] = BigInt(Math.floor(nanos / 1e9));
    this.#timeout[1] = BigInt(nanos % 1e9);
    const count = libc.epoll_pwait2(
      this.#fd,
      this.#events,
      this.capacity,
      this.#timeoutBytes,
      null,
    );
    return count < 0 && isNotYet() ? 0 : checked(count, "wait for connections");
  }

  /** The token of the ready connection `index`. */
  token(index: number): number {
    return this.#events.readUInt32LE(index * EVENT_BYTES + EVENT_DATA);
  }

  /** The events of the ready connection `index`; errors and ends count as readable. */
  events(index: number): number {
    return this.#events.readUInt32LE(index * EVENT_BYTES);
  }

  close(): void {
    libc.close(this.#fd);
  }

  #control(operation: number, fd: number, token: number, events: number): void {
    const event = new Uint8Array(EVENT_BYTES);
    const view = new DataView(event.buffer);
    view.setUint32(0, events, true);
    view.setUint32(EVENT_DATA, token, true);
    checked(libc.epoll_ctl(this.#fd, operation, fd, event), "watch a connection");
  }
}
