// The gate: everything that must hold before a change counts as good. It runs in stages and reports
// each. The last line is "N passed, N failed"; the status is 0 only if nothing failed. A failed
// stage does not stop the others, except for the build, which the others need.
import { build } from "./build.ts";
import { main, ROOT, run } from "./command.ts";
import { coveredCommand, report, unitFlags } from "./coverage.ts";
import { fetchDeno, PAIR_VERSION } from "./denort.ts";
import { ensureClients } from "./install_clients.ts";
import { ensurePrograms } from "./install_redis.ts";
import { readReport } from "./junit.ts";
import { findLeftovers } from "./leftovers.ts";
import { fetchNewerServers, serverPrograms } from "./newer_servers.ts";
import { denoEnv, supplyFlags } from "./supply.ts";

interface Tally {
  passed: number;
  failed: number;
}

interface Engine {
  path: string;
  version: string;
}

const LIMIT_MS = 19 * 60_000;
const SOURCES = ["main.ts", "src", "tests", "tools", "bench"].filter(exists);
const TEST_PERMISSIONS = ["net", "read", "write", "env", "run", "sys", "ffi"].map((name) =>
  `--allow-${name}`
);
/**
 * End-to-end tests that run only with the executable: they take long, and show nothing else about the
 * sources or the current Deno than the others do. A file whose lines no other test runs does not
 * belong here: they would count as not tested.
 */
const ONCE = [
  ...["clients", "packages", "alerts_test.ts", "fairness_test.ts", "http_clients_test.ts"],
  ...["live_page_test.ts", "load_balancers_test.ts", "reproducible_test.ts", "soak_test.ts"],
  ...["every_count_test.ts", "long_pipelines_test.ts", "request_limits_test.ts"],
  ...["costly_values_test.ts", "cluster_read_from_faults_test.ts", "cluster_soak_test.ts"],
  ...["sentinel_soak_test.ts"],
].map((name) => `tests/e2e/${name}`);

/** Unit tests that try all orders of events in plain code. One Deno is enough for them. */
const EXHAUSTIVE = [
  ...["cache/interleavings_inline_test.ts", "cache/interleavings_redirect_test.ts"],
  "topology/cluster_replicas_test.ts",
].map((name) => `tests/unit/${name}`);

const PASS: Tally = { passed: 1, failed: 0 };
const FAIL: Tally = { passed: 0, failed: 1 };

const mark = `RP_GATE_${crypto.randomUUID().replaceAll("-", "")}`;
const scratch = Deno.makeTempDirSync({ prefix: "redis-proxy-gate-" });
const signal = AbortSignal.timeout(LIMIT_MS);
const total: Tally = { passed: 0, failed: 0 };
const failures: string[] = [];

async function stage(name: string, work: () => Promise<Tally>): Promise<boolean> {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const known = failures.length;
  const tally = await work().catch((error): Tally => {
    console.log(`error: ${error instanceof Error ? error.message : error}`);
    return FAIL;
  });
  total.passed += tally.passed;
  total.failed += tally.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`-- ${name}: ${tally.passed} passed, ${tally.failed} failed, ${seconds} s`);
  if (tally.failed > 0) failures.splice(known, 0, `${name}: ${tally.failed} failed`);
  return tally.failed === 0;
}

/** Runs Deno; `env` extends the environment of all stages. */
function deno(engine: Engine, args: string[], env: Record<string, string> = {}): Promise<number> {
  return run([engine.path, ...args], {
    env: { ...denoEnv(), ...env, TMPDIR: scratch, [mark]: "1" },
    signal,
  });
}

async function command(engine: Engine, ...args: string[]): Promise<Tally> {
  return await deno(engine, args) === 0 ? PASS : FAIL;
}

/** Runs a folder of tests and counts them. A run that fails without a failed test counts as one. */
async function test(
  engine: Engine,
  folder: string,
  more: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Tally> {
  if (!exists(folder)) throw new Error(`Cannot find any tests in ${folder}`);
  const results = `${scratch}/results.xml`;
  const flags = ["--parallel", "--no-check", `--junit-path=${results}`, ...more];
  const code = await deno(
    engine,
    ["test", ...flags, ...await supplyFlags(), ...TEST_PERMISSIONS, folder],
    env,
  );
  const report = readReport(await Deno.readTextFile(results).catch(() => ""));
  await Deno.remove(results).catch(() => {});
  failures.push(...report.failures);
  const isSilent = report.failed === 0 && (code !== 0 || report.passed === 0);
  if (!isSilent) return report;
  failures.push(`${folder}: no test failed, but deno test ended with status ${code}`);
  return { ...report, failed: 1 };
}

/** The current Deno and the oldest supported one, if it can be fetched here. */
async function engines(): Promise<[Engine, ...Engine[]]> {
  const current = { path: Deno.execPath(), version: Deno.version.deno };
  if (current.version === PAIR_VERSION) return [current];
  try {
    return [current, { path: await fetchDeno(), version: PAIR_VERSION }];
  } catch (error) {
    console.log(`skipped Deno ${PAIR_VERSION}: ${error instanceof Error ? error.message : error}`);
    return [current];
  }
}

/** Ends processes that tests left running, and counts a failure if there are any. */
function noLeftovers(): Promise<Tally> {
  const left = findLeftovers(mark);
  for (const { pid, name } of left) {
    console.log(`left running: ${name} (${pid})`);
    Deno.kill(pid, "SIGKILL");
  }
  return Promise.resolve(left.length === 0 ? PASS : FAIL);
}

function exists(path: string): boolean {
  try {
    return Boolean(Deno.statSync(`${ROOT}/${path}`));
  } catch {
    return false;
  }
}

async function gate(): Promise<void> {
  await stage("programs", async () => {
    await ensurePrograms("redis-server", "redis-cli", "curl", "openssl", "python3");
    await fetchNewerServers().catch((error) =>
      console.log(`without newer servers: ${error.message}`)
    );
    console.log(`servers: ${serverPrograms().map(({ name }) => name).join(", ")}`);
    return PASS;
  });
  const clients = ensureClients(); // meanwhile, formats and types are checked
  const all = await engines();
  const [current] = all;
  const flags = await supplyFlags();

  await stage("format", () => command(current, "fmt", "--check", "--quiet"));
  await stage("lint", () => command(current, "lint", "--quiet"));
  for (const engine of all) {
    await stage(
      `types, Deno ${engine.version}`,
      () => command(engine, "check", "--quiet", ...flags, ...SOURCES),
    );
  }

  const built = await stage("build", async () => {
    await build();
    return PASS;
  });
  if (!built) return;

  for (const engine of all) {
    const more = engine === current ? unitFlags(scratch) : [`--ignore=${EXHAUSTIVE.join()}`];
    await stage(`unit tests, Deno ${engine.version}`, () => test(engine, "tests/unit", more));
  }
  await clients;
  await stage("end-to-end tests, dist/redis-proxy", () => test(current, "tests/e2e"));
  // Runs most of them again from the sources, to test the current Deno, which may not be in the executable,
  // and to measure the coverage.
  const RP_TEST_COMMAND = await coveredCommand(current.path, scratch);
  await stage(
    `end-to-end tests, main.ts on Deno ${current.version}`,
    () => test(current, "tests/e2e", [`--ignore=${ONCE.join()}`], { RP_TEST_COMMAND }),
  );
  await stage("coverage", async () => await report(current.path, scratch) ? PASS : FAIL);
  await stage("nothing left running", noLeftovers);
}

function end(status: number): never {
  noLeftovers();
  Deno.removeSync(scratch, { recursive: true });
  Deno.exit(status);
}

Deno.addSignalListener("SIGINT", () => end(130));
Deno.addSignalListener("SIGTERM", () => end(143));

await main(async () => {
  await gate();
  // Lists them again at the end, where they show even in a log that keeps only its last lines.
  if (failures.length > 0) console.log(`\n== failures\n${failures.join("\n")}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return end(total.failed === 0 ? 0 : 1);
});
