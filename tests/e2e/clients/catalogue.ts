/**
 * The clients that must work: where each comes from, how its driver starts, and with which
 * options it connects.
 *
 * @module
 */

/** A client, and the process that drives it through the steps. */
export interface Client {
  readonly name: string;
  /** The RESP versions that it can use, its default first. */
  readonly protocols: readonly (2 | 3)[];
  /** Whether its users can name the connection by an option, or by CLIENT SETNAME at once. */
  readonly hasName: boolean;
  /** Its Debian packages; none if it comes from npm. */
  readonly debian: readonly string[];
  /** The pinned version, or a command that prints the installed one and fails if there is none. */
  readonly version: string | readonly string[];
  /** The driver; the connections are appended. */
  readonly command: readonly string[];
}

const DRIVERS = new URL("./drivers/", import.meta.url).pathname;
const DENO = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", "--no-config"];

/** An npm package, imported by Deno, with its own lock file. */
function npm(name: string, packageName: string, version: string, protocols: (2 | 3)[]): Client {
  const lock = [`--lock=${DRIVERS}npm.lock`, "--frozen"];
  return {
    name,
    protocols,
    hasName: true,
    version,
    debian: [],
    command: [...DENO, ...lock, `${DRIVERS}npm.ts`, `${packageName}@${version}`],
  };
}

/** A client of another language, in the system's version. */
function installed(name: string, debian: string[], version: string[], command: string[]): Client {
  return { name, protocols: [2], hasName: true, version, debian, command };
}

/** Debian's Python, even if another one comes first on PATH. */
const PYTHON = isFile("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

const HIREDIS_VERSION = `printf '#include <hiredis/hiredis.h>
HIREDIS_MAJOR.HIREDIS_MINOR.HIREDIS_PATCH' | cc -E -P - | tail -n 1 | tr -d ' '`;

/** `SCRATCH` is a temporary folder. */
const HIREDIS_DRIVER = `cc -O1 -o "$SCRATCH/client" "$0" -lhiredis && exec "$SCRATCH/client" "$@"`;

export const NPM_CLIENTS: readonly Client[] = [
  npm("node-redis 3", "redis", "3.1.2", [2]),
  npm("node-redis 4", "redis", "4.7.1", [2]),
  npm("node-redis 5", "redis", "5.12.1", [2, 3]),
  npm("node-redis 6", "redis", "6.3.1", [3, 2]),
  npm("ioredis 5", "ioredis", "5.11.1", [2]),
  npm("ioredis 6", "ioredis", "6.0.0", [3, 2]),
];

export const SYSTEM_CLIENTS: readonly Client[] = [
  {
    name: "redis-cli",
    protocols: [2, 3],
    hasName: false,
    debian: ["redis-tools"],
    version: ["sh", "-c", "redis-cli --version | awk '{ print $2 }' | grep ."],
    command: [...DENO, "--no-lock", `${DRIVERS}redis_cli.ts`],
  },
  installed(
    "redis-py",
    ["python3-redis"],
    [PYTHON, "-c", "import redis; print(redis.__version__)"],
    [PYTHON, `${DRIVERS}client.py`],
  ),
  installed(
    "phpredis",
    ["php-cli", "php-redis"],
    ["php", "-r", 'echo phpversion("redis") ?: exit(1);'],
    ["php", `${DRIVERS}client.php`],
  ),
  installed(
    "redis-rb",
    ["ruby-redis"],
    ["ruby", "-rredis", "-e", "puts Redis::VERSION"],
    ["ruby", `${DRIVERS}client.rb`],
  ),
  installed(
    "Redis.pm",
    ["libredis-perl"],
    ["perl", "-MRedis", "-e", "print $Redis::VERSION"],
    ["perl", `${DRIVERS}client.pl`],
  ),
  installed(
    "hiredis",
    ["libhiredis-dev", "libc6-dev"],
    ["sh", "-c", `${HIREDIS_VERSION} | grep '^[0-9]'`],
    ["sh", "-c", HIREDIS_DRIVER, `${DRIVERS}client.c`],
  ),
];

export const CLIENTS: readonly Client[] = [...NPM_CLIENTS, ...SYSTEM_CLIENTS];

/** The version of a client that can run here; null if there is none. */
export async function versionOf({ version }: Client): Promise<string | null> {
  if (typeof version === "string") return version;
  try {
    const [program, ...args] = version as [string, ...string[]];
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}

/** Ports and secrets that the connections of a run need. */
export interface Places {
  readonly open: number;
  readonly guarded: number;
  readonly password: string;
}

/**
 * The connections of a client: for each protocol one with only the port, one with a
 * password and one with a name. The default protocol is not passed: the client must choose it.
 */
export function connectionsOf(client: Client, { open, guarded, password }: Places): string[] {
  return client.protocols.flatMap((protocol, index) => {
    const option = index === 0 ? "" : `${protocol}`;
    return [
      `resp${protocol}:${open}:::${option}`,
      `resp${protocol}-password:${guarded}:${password}::${option}`,
      ...(client.hasName ? [`resp${protocol}-name:${open}::application:${option}`] : []),
    ];
  });
}

/** The labels of those connections. */
export function labelsOf(client: Client): string[] {
  return connectionsOf(client, { open: 0, guarded: 0, password: "" })
    .map((connection) => connection.split(":")[0]!);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
