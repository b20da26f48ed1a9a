// A throwaway redis-server on loopback, for `make run`, tests and benchmarks: it keeps nothing,
// has a folder of its own that goes with it, and is there for requests when start has returned.

export interface RedisServerOptions {
  /** Default: one that is free. */
  port?: number;
  password?: string;
  /** More arguments for redis-server, such as "--maxmemory", "1mb". */
  args?: string[];
  /** Whether Ctrl-C in the terminal leaves it to the program that has started it. Default: no. */
  detached?: boolean;
}

export interface RedisServer extends AsyncDisposable {
  host: string;
  port: number;
  /** redis://127.0.0.1:PORT, with the password where there is one. */
  url: string;
  pid: number;
  /** Settles when the process is gone, whoever ended it. */
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
  // A free port can be taken by another program before redis-server has it: then it is tried again.
  for (let attempt = 1;; attempt++) {
    try {
      return await start(options.port ?? freePort(), options);
    } catch (error) {
      if (options.port !== undefined || attempt === 3) throw error;
    }
  }
}

/** A port of loopback that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  return listener.addr.port;
}

/** Sends inline commands to a Redis and gives the first bytes of what it answers, as text. */
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
  const child = spawn(log, [
    ...["--port", `${port}`, "--bind", HOST, "--dir", folder, "--daemonize", "no"],
    ...["--save", "", "--appendonly", "no"],
    ...["--set-proc-title", "no"], // which would wipe the environment by which leftovers are found
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
    kill("SIGCONT"); // one that is stopped could not end
    const force = setTimeout(() => kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(force);
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  };

  const deadline = Date.now() + START_MS;
  while (!await answers(port, password, child.pid)) {
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

/** Starts redis-server in place of a shell that has sent its output, errors included, to a file. */
function spawn(log: string, args: string[], detached = false): Deno.ChildProcess {
  const script = 'exec redis-server "$@" >"$0" 2>&1';
  return new Deno.Command("sh", {
    args: ["-c", script, log, ...args],
    stdin: "null",
    detached,
  }).spawn();
}

/** Whether that very process answers on the port, and not another one that was there before. */
async function answers(port: number, password: string, pid: number): Promise<boolean> {
  const login = password && `AUTH "${password.replace(/["\\]/g, "\\$&")}"\r\n`;
  try {
    const info = await askRedis(port, `${login}INFO server\r\n`);
    if (info.includes(`process_id:${pid}\r`)) return true;
  } catch {
    // Not listening yet.
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  return false;
}
