// A temporary redis-server on loopback for `make run`, tests and benchmarks. It persists nothing,
// answers requests once it is started, and has its own folder, which is removed with it.

export interface RedisServerOptions {
  /** Default: the redis-server on PATH. */
  program?: string;
  /** Default: a free port. */
  port?: number;
  password?: string;
  /** Additional arguments for redis-server, such as "--maxmemory", "1mb". */
  args?: string[];
  /**
   * Whether to keep Ctrl-C in the terminal from reaching it, so that our program ends it. Default:
   * no.
   */
  detached?: boolean;
}

export interface RedisServer extends AsyncDisposable {
  host: string;
  port: number;
  /** redis://127.0.0.1:PORT, with the password if there is one. */
  url: string;
  pid: number;
  /** Settles when the process has ended, for whatever reason. */
  exited: Promise<Deno.CommandStatus>;
  /** Sends a signal and returns at once. */
  kill(signal: Deno.Signal): void;
  /** Ends the process, waits until it is gone, and removes its folder. */
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";
const START_MS = 10_000;
const STOP_MS = 5_000;

/** Starts a redis-server and waits until it answers. */
export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  // Another program may take the free port before redis-server does: then try again.
  for (let attempt = 1;; attempt++) {
    try {
      return await start(options.port ?? freePort(), options);
    } catch (error) {
      if (options.port !== undefined || attempt === 3) throw error;
    }
  }
}

/** A free port on loopback. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  return listener.addr.port;
}

/** Sends inline commands to a Redis, and returns the first bytes of its answer as text. */
export async function askRedis(port: number, commands: string, host = HOST): Promise<string> {
  using connection = await Deno.connect({ hostname: host, port });
  const giveUp = setTimeout(() => connection.close(), 1_000);
  try {
    await connection.write(new TextEncoder().encode(commands));
    const answer = new Uint8Array(4096);
    const length = await connection.read(answer) ?? 0;
    return new TextDecoder().decode(answer.subarray(0, length));
  } finally {
    clearTimeout(giveUp);
  }
}

async function start(port: number, options: RedisServerOptions): Promise<RedisServer> {
  const folder = await Deno.makeTempDir({ prefix: "redis-server-" });
  const password = options.password ?? "";
  const log = `${folder}/log`;
  const child = spawn(options.program ?? "redis-server", log, [
    ...["--port", `${port}`, "--bind", HOST, "--dir", folder, "--daemonize", "no"],
    ...["--save", "", "--appendonly", "no"],
    ...["--set-proc-title", "no"], // a title would overwrite the environment that marks leftovers
    ...(password ? ["--requirepass", password] : []),
    ...(options.args ?? []),
  ], options.detached);
  let gone = false;
  const exited = child.status.finally(() => gone = true);

  const kill = (signal: Deno.Signal) => {
    if (!gone) child.kill(signal);
  };
  const stop = async () => {
    kill("SIGTERM");
    kill("SIGCONT"); // a stopped process could not end
    const force = setTimeout(() => kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(force);
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  };

  const deadline = Date.now() + START_MS;
  while (!await answers(port, password, folder)) {
    if (!gone && Date.now() < deadline) continue;
    const said = (await Deno.readTextFile(log)).trim().split("\n").slice(-5).join("\n");
    await stop();
    throw new Error(`Cannot start redis-server on port ${port}: ${said || "it said nothing"}`);
  }

  return {
    host: HOST,
    port,
    url: `redis://${password && `:${encodeURIComponent(password)}@`}${HOST}:${port}`,
    pid: child.pid,
    exited,
    kill,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Starts redis-server through a shell that redirects its output and errors to a file. */
function spawn(
  program: string,
  log: string,
  args: string[],
  detached = false,
): Deno.ChildProcess {
  const script = 'exec "$@" >"$0" 2>&1';
  return new Deno.Command("sh", {
    args: ["-c", script, log, program, ...args],
    stdin: "null",
    detached,
  }).spawn();
}

/** Whether the server of this folder answers on the port, and not an older one. */
async function answers(port: number, password: string, folder: string): Promise<boolean> {
  const login = password && `AUTH "${password.replace(/["\\]/g, "\\$&")}"\r\n`;
  try {
    const answer = await askRedis(port, `${login}CONFIG GET dir\r\n`);
    if (answer.includes(folder)) return true;
  } catch {
    // Not listening yet.
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  return false;
}
