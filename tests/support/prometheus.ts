/**
 * A real Prometheus (Debian package prometheus) with the rules of deploy/prometheus. It looks every
 * half second, and its alerts wait for nothing and look back for four seconds.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { freePort } from "../../tools/redis_server.ts";
import { hasProgram, Program } from "./program.ts";
import { ROOT } from "./proxy.ts";
import { curl, run, until } from "./serving.ts";

export interface Found {
  readonly metric: Record<string, string>;
  readonly value: string;
}

export class Prometheus implements AsyncDisposable {
  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly program: Program,
  ) {}

  /**
   * Starts it; null if there is none on PATH.
   *
   * @param targets Ports of admin pages.
   * @param password The password for those that want one.
   */
  static async start(targets: readonly number[], password?: string): Promise<Prometheus | null> {
    if (!hasProgram("prometheus")) return null;
    const port = freePort();
    const folder = await Deno.makeTempDir({ prefix: "redis-proxy-prometheus-" });
    const rules = await Deno.readTextFile(`${ROOT}deploy/prometheus/alerts.yml`);
    const hasty = rules.replace(/^ +for: .*\n/gm, "").replaceAll("[5m]", "[4s]");
    await Deno.writeTextFile(`${folder}/alerts.yml`, hasty);
    const login = `    basic_auth: { username: default, password: ${password} }`;
    const config = (await Deno.readTextFile(`${ROOT}deploy/prometheus/prometheus.yml`))
      .replace(/15s/g, "500ms")
      .replace(/^ +# basic_auth: .*$/m, password === undefined ? "" : login)
      .replace(/"proxy:9090"/, targets.map((target) => `"127.0.0.1:${target}"`).join(", "));
    await Deno.writeTextFile(`${folder}/prometheus.yml`, config);
    const program = new Program("prometheus", [
      ...[`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`],
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const started = new Prometheus(port, folder, program);
    const isReady = async () =>
      (await run("curl", ["-sf", `http://127.0.0.1:${port}/-/ready`])).code === 0;
    try {
      await until(isReady, 20_000);
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
    return started;
  }

  async query(expression: string): Promise<Found[]> {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { status, data, error } = JSON.parse(await curl(this.port, path));
    assertEquals(status, "success", `${expression}: ${error}`);
    return data.result.map((one: { metric: Record<string, string>; value: [number, string] }) => {
      return { metric: one.metric, value: one.value[1] };
    });
  }

  /** The names of the alerts that fired within the last seconds. */
  async alertsWithin(seconds: number): Promise<Set<string>> {
    const found = await this.query(`max_over_time(ALERTS{alertstate="firing"}[${seconds}s])`);
    return new Set(found.map(({ metric }) => metric.alertname!));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
