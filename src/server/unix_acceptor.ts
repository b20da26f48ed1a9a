/**
 * Listens on a Unix socket. Its file has the wanted permissions, and goes when the listener is closed.
 *
 * @module
 */
import type { Acceptor } from "./acceptor.ts";
import { close } from "./closing.ts";

export class UnixAcceptor implements Acceptor {
  readonly addr: Deno.UnixAddr;
  readonly #listener: Deno.UnixListener;
  readonly #file: number | null;

  /**
   * Listens. The socket gets its path when it is ready, in one step, and takes the place of a file
   * that is there. It is made under another name, which Deno removes when the listener is closed: by
   * then, its path may be that of a successor.
   *
   * @param mode The permissions of the file: who may write to it may connect.
   * @throws {Error} When no file can be made there.
   */
  constructor(path: string, mode: number) {
    const draft = path.replace(/[^/]*$/, `.${Deno.pid}`);
    this.addr = { transport: "unix", path };
    remove(draft); // Of a process with the same number that was killed right here.
    this.#listener = Deno.listen({ transport: "unix", path: draft });
    try {
      Deno.chmodSync(draft, mode);
      this.#file = fileOf(draft);
      Deno.renameSync(draft, path);
    } catch (error) {
      close(this.#listener);
      remove(draft);
      throw error;
    }
  }

  async accept(): Promise<Deno.Conn> {
    const conn = await this.#listener.accept();
    // The system still knows the socket by its first name.
    return Object.defineProperty(conn, "localAddr", { value: this.addr });
  }

  /** Removes the file too, unless it is another one by now. */
  close(): void {
    close(this.#listener);
    if (fileOf(this.addr.path) === this.#file) remove(this.addr.path);
  }
}

/** The number of a file; null where there is none. */
function fileOf(path: string): number | null {
  try {
    return Deno.lstatSync(path).ino;
  } catch {
    return null;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is gone, or may not be removed: then the next start replaces it.
  }
}

/**
 * Makes room for a new socket: removes the file of one that nobody listens on any more, such as of a
 * process that was killed.
 *
 * @returns What is there instead of such a file; null when nothing is there now.
 */
export async function clearSocket(path: string): Promise<string | null> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  if (!info.isSocket) return "a file that is no socket";
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return "a process that listens on it";
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    await Deno.remove(path);
    return null;
  }
}
