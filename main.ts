/**
 * redis-proxy: a coherent cache in front of Redis, for HTTP and RESP on one port.
 *
 * The only file that reads the command line and the environment. It reads the configuration, starts
 * the proxy, and turns signals and errors into exit statuses.
 *
 * @module
 */
import "./src/system/give_up.ts";
import manifest from "./deno.json" with { type: "json" };
import {
  completionOf,
  type Config,
  ConfigError,
  helpPage,
  parseConfig,
  readEnvironment,
  type Shell,
} from "./src/config/mod.ts";
import { check, refusalReport, tryFiles } from "./src/check/mod.ts";
import { checkHealth } from "./src/app/healthcheck.ts";
import { Log } from "./src/core/log.ts";
import { clearSockets } from "./src/app/listener.ts";
import { fitMemory } from "./src/app/memory_fit.ts";
import { guardMemory } from "./src/app/memory_guard.ts";
import { dropPermissions } from "./src/app/permissions.ts";
import { surviveFaults } from "./src/app/last_resort.ts";
import { type Files, type Proxy, startProxy } from "./src/app/proxy.ts";
import { showSettings } from "./src/app/show_settings.ts";
import { openAccessLog } from "./src/app/request_log.ts";
import { openWarmFile } from "./src/app/warm_file.ts";
import { memoryLimit } from "./src/system/memory_limit.ts";

/** Exit status for an invalid configuration. */
const USAGE_ERROR = 2;

async function main(): Promise<number> {
  const config = parseConfig(Deno.args, readEnvironment(Deno.env), Deno.readTextFileSync);
  const files = config.command === "serve"
    ? { accessLog: openAccessLog(config.values), warmFile: openWarmFile(config.values) }
    : {};
  const tried = config.command === "check" ? tryFiles(config.values) : [];
  dropPermissions(config);
  switch (config.command) {
    case "help":
      console.log(helpPage(manifest.version).trimEnd());
      return 0;
    case "version":
      console.log(`redis-proxy ${manifest.version} (deno ${Deno.version.deno})`);
      return 0;
    case "check": {
      const { text, isWell } = await check(config, memoryLimit(), tried);
      console.log(text.trimEnd());
      return isWell ? 0 : 1;
    }
    case "config":
      console.log(showSettings(config, memoryLimit()).trimEnd());
      return 0;
    case "completion":
      console.log(completionOf(config.operand as Shell).trimEnd());
      return 0;
    case "healthcheck":
      return await checkHealth(config.values) ? 0 : 1;
    case "serve":
      return await serve(config, files);
  }
}

/**
 * Serves until the first SIGTERM or SIGINT, then stops in order. A second signal ends it at once.
 */
async function serve(config: Config, files: Files): Promise<number> {
  const log = new Log(config.values["log-level"], config.values["log-format"]);
  const limit = memoryLimit();
  let proxy: Proxy | null = null;
  // Before the start, because by default the signal would end the process.
  Deno.addSignalListener("SIGHUP", () => proxy?.reload());
  await clearSockets(config.values);
  proxy = startProxy(fitMemory(config, limit, log), manifest.version, log, files);
  surviveFaults(log);
  await guardMemory(limit);
  const signal = await new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(name, () => {
        if (proxy.isStopping) Deno.exit(1);
        resolve(name);
      });
    }
  });
  log.info("Stopping", { signal, clients: proxy.clients });
  await proxy.stop();
  log.flush();
  log.info("Stopped");
  return 0;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  if (Deno.args[0] === "check") {
    console.log(refusalReport(error.message, Deno.args.includes("--json")).text.trimEnd());
  } else {
    console.error(error.message);
  }
  Deno.exit(USAGE_ERROR);
}
