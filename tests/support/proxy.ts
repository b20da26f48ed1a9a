/**
 * Starts redis-proxy as a process, as users do, and ends it by its handle.
 *
 * @module
 */
export const ROOT = new URL("../..", import.meta.url).pathname;

/** The program under test: the executable, or the command in RP_TEST_COMMAND (a JSON array). */
export const COMMAND: readonly string[] = JSON.parse(
  Deno.env.get("RP_TEST_COMMAND") ?? JSON.stringify([`${ROOT}dist/redis-proxy`]),
);

const START_LIMIT = 20_000;

/** Starts the program with arguments and variables, and collects its output. */
export class ProxyProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #outputs: Promise<unknown>[];
  #waiters = new Set<() => void>();
  /** Its log so far. */
  stderr = "";
  stdout = "";
  /** Settles when the process has ended. */
  readonly status: Promise<Deno.CommandStatus>;
  isRunning = true;

  /**
   * @param limits A shell command to run before the program replaces the shell, such as "ulimit -n
   *   64".
   */
  constructor(args: readonly string[], env: Record<string, string> = {}, limits = "") {
    const command = limits === ""
      ? COMMAND
      : ["sh", "-c", `${limits}; exec "$@"`, "sh", ...COMMAND];
    this.#child = new Deno.Command(command[0]!, {
      args: [...command.slice(1), ...args],
      cwd: ROOT,
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#outputs = [
      this.#collect(this.#child.stdout, (text) => this.stdout += text),
      this.#collect(this.#child.stderr, (text) => this.stderr += text),
    ];
    this.status = this.#child.status.then(async (status) => {
      await Promise.all(this.#outputs);
      this.isRunning = false;
      this.#wake();
      return status;
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until the log matches, and returns the match. Fails if the program ends first. */
  async logged(pattern: RegExp, limit = START_LIMIT): Promise<RegExpExecArray> {
    const deadline = performance.now() + limit;
    for (;;) {
      const match = pattern.exec(this.stderr);
      if (match !== null) return match;
      if (!this.isRunning || performance.now() > deadline) {
        throw new Error(`Cannot find ${pattern} in the log:\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => done(), deadline - performance.now() + 1);
        const done = () => {
          clearTimeout(timer);
          this.#waiters.delete(done);
          resolve();
        };
        this.#waiters.add(done);
      });
    }
  }

  kill(signal: Deno.Signal): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** Ends it with SIGTERM, and returns its exit status. */
  async stop(): Promise<number> {
    this.kill("SIGTERM");
    const force = setTimeout(() => this.kill("SIGKILL"), 15_000);
    const { code } = await this.status;
    clearTimeout(force);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      add(decoder.decode(bytes, { stream: true }));
      this.#wake();
    }
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** A proxy that serves on `port`. */
export interface RunningProxy extends AsyncDisposable {
  readonly port: number;
  readonly process: ProxyProcess;
}

/**
 * Starts a proxy on a free port of loopback, and waits until it listens and is connected to Redis:
 * the one on `redisPort`, or, if that is null, the one that arguments or variables name.
 */
export async function startProxy(
  redisPort: number | null,
  args: readonly string[] = [],
  options: { env?: Record<string, string>; awaitRedis?: boolean; limits?: string } = {},
): Promise<RunningProxy> {
  const { env = {}, awaitRedis = true, limits = "" } = options;
  const process = new ProxyProcess(
    [
      ...["--listen-address", "127.0.0.1", "--port", "0"],
      ...(redisPort === null ? [] : ["--redis-port", `${redisPort}`]),
      ...args,
    ],
    env,
    limits,
  );
  try {
    const [, port] = await process.logged(/Listening\b.*\bport(?:=|":)(\d+)/);
    if (awaitRedis) await process.logged(/Connected to Redis/);
    return {
      port: Number(port),
      process,
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** The port of the admin pages, where `--admin-port 0` was given. */
export async function adminPortOf({ process }: RunningProxy): Promise<number> {
  return Number((await process.logged(/Serving metrics .*port=(\d+)/))[1]);
}
