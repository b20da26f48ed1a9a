/**
 * Other programs that tests run as servers, ended by their handle.
 *
 * @module
 */

/** A running program. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  /** What it has printed so far. */
  output = "";
  readonly #done: Promise<unknown>;

  constructor(name: string, args: readonly string[], cwd?: string) {
    this.#child = new Deno.Command(name, {
      args: [...args],
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr, status } = this.#child;
    this.#done = Promise.all([this.#collect(stdout), this.#collect(stderr), status]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.#done;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) this.output += decoder.decode(bytes, { stream: true });
  }
}

/** Whether a program is on PATH. */
export function hasProgram(name: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}
