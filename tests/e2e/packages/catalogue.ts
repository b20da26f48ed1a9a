/**
 * Programs and packages that do their real work through the proxy, and how their drivers start. A
 * driver gets the port of a server, and prints its observations.
 *
 * @module
 */
export interface Program {
  /** The work that must succeed as with Redis, in plain words. */
  readonly name: string;
  /** The driver; the port is appended. */
  readonly command: readonly string[];
  /** A command that fails if the program is not installed. */
  readonly probe?: readonly string[];
  /** Its Debian packages. */
  readonly debian?: readonly string[];
}

const DRIVERS = new URL("./drivers/", import.meta.url).pathname;
const LOCK = [`--lock=${DRIVERS}npm.lock`, "--frozen"];
const DENO = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", "--no-config", ...LOCK];

function npm(name: string, driver: string): Program {
  return { name, command: [...DENO, `${DRIVERS}${driver}.ts`] };
}

function python(name: string, driver: string, module: string, debian: string[]): Program {
  const interpreter = ["/usr/bin/python3", "-B"];
  const probe = [...interpreter, "-c", `import ${module}`];
  return { name, command: [...interpreter, `${DRIVERS}${driver}.py`], probe, debian };
}

export const NPM_PROGRAMS: readonly Program[] = [
  npm("express-session with connect-redis", "sessions"),
  npm("Keyv and cache-manager", "stores"),
  npm("rate-limiter-flexible, express-rate-limit, redlock and redis-semaphore", "limits"),
  npm("socket.io with each of its adapters", "sockets"),
  npm("BullMQ, Bull and bee-queue", "queues"),
  npm("redis-commander", "admin"),
  npm("the client-side cache of node-redis", "client_cache"),
  npm("node-redis and ioredis with transactions, messages, streams and scripts", "clients"),
];

export const SYSTEM_PROGRAMS: readonly Program[] = [
  npm("redis-cli and redis-benchmark", "tools"),
  python("redis-py", "redis_py", "redis", ["python3-redis"]),
  python("RQ", "rq_jobs", "rq", ["python3-rq"]),
  python("Celery", "celery_tasks", "celery", ["python3-celery", "python3-redis"]),
  {
    name: "Sidekiq",
    command: ["ruby", `${DRIVERS}sidekiq_jobs.rb`],
    probe: ["ruby", "-e", "require 'sidekiq'"],
    debian: ["ruby-sidekiq"],
  },
];

/** Whether a program can run here. */
export async function isInstalled({ probe }: Program): Promise<boolean> {
  if (probe === undefined) return true;
  try {
    const [command, ...args] = probe as [string, ...string[]];
    const output = { stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(command, { args, ...output }).output()).success;
  } catch {
    return false;
  }
}
