/**
 * Listens on a Unix socket. Its file has the given permissions, and is removed with the listener.
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
   * Listens. The socket is created under another name and renamed to its path when it is ready, in
   * one step, which replaces an existing file. Deno removes only the first name when the listener
   * is closed, because by then the path may belong to a successor.
   *
   * @param mode The permissions of the file: users who may write to it may connect.
   * @throws {Error} If the file cannot be created.
   */
  constructor(path: string, mode: number) {
    const draft = path.replace(/[^/]*$/, `.${Deno.pid}`);
    this.addr = { transport: "unix", path };
    remove(draft); // A process with the same number may have been killed right here.
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

  /** Removes the file too, unless it was replaced. */
  close(): void {
    close(this.#listener);
    if (fileOf(this.addr.path) === this.#file) remove(this.addr.path);
  }
}

/** The inode number of a file; null if there is none. */
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
    // The file is gone, or cannot be removed: the next start replaces it.
  }
}

/**
 * Makes room for a new socket: removes the file of a socket without a listener, such as that of a
 * killed process.
 *
 * @param takesOver Whether the new socket may take the place of one that a process listens on.
 * @returns What occupies the path instead; null if it is free.
 */
export async function clearSocket(path: string, takesOver: boolean): Promise<string | null> {
  const found = await occupantOf(path, takesOver);
  if (found !== null || takesOver) return found;
  await Deno.remove(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  return null;
}

/** Returns what keeps a new socket from the path; null if nothing does. Changes nothing. */
export async function occupantOf(path: string, takesOver: boolean): Promise<string | null> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  if (!info.isSocket) return "a file that is no socket";
  if (takesOver) return null;
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return "a process that listens on it";
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    return null;
  }
}
