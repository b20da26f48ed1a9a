import { assertEquals, assertThrows } from "@std/assert";
import { parseArguments } from "../../../src/config/arguments.ts";
import { ConfigError } from "../../../src/config/error.ts";
import { checkVariables, readEnvironment } from "../../../src/config/variables.ts";

function refusal(...args: string[]): string {
  return assertThrows(() => parseArguments(args), ConfigError).message;
}

Deno.test("parseArguments() accepts each command and its short forms", () => {
  const table: [args: string[], command: string][] = [
    [[], "serve"],
    [["serve"], "serve"],
    [["healthcheck"], "healthcheck"],
    [["--port", "1", "healthcheck"], "healthcheck"],
    [["help"], "help"],
    [["help", "healthcheck"], "help"],
    [["-h"], "help"],
    [["--help"], "help"],
    [["healthcheck", "--help"], "help"],
    [["version"], "version"],
    [["-v"], "version"],
    [["-V"], "version"],
    [["--version"], "version"],
  ];
  for (const [args, command] of table) {
    assertEquals(parseArguments(args).command, command, args.join(" "));
  }
});

Deno.test("parseArguments() accepts -p for --port", () => {
  for (const args of [["-p", "8080"], ["-p8080"], ["-p=8080"], ["--port=8080"]]) {
    assertEquals(parseArguments(args).flags.port, "8080", args.join(" "));
  }
});

Deno.test("parseArguments() takes a negative number after a flag as its value", () => {
  assertEquals(parseArguments(["--idle-timeout", "-1"]).flags["idle-timeout"], "-1");
  assertEquals(parseArguments(["-p", "-80"]).flags.port, "-80");
  assertEquals(refusal("-1"), 'Unknown flag "-1": wanted one that --help lists');
});

Deno.test("parseArguments() accepts an empty text as the value of a flag", () => {
  const { command, flags } = parseArguments(["--user", "", "healthcheck"]);
  assertEquals([command, flags.user], ["healthcheck", ""]);
});

Deno.test("parseArguments() names the flag or the command that was probably meant", () => {
  const table: [args: string[], message: string][] = [
    [["--prot", "1"], 'Unknown flag "--prot": did you mean --port?'],
    [["--prot=1"], 'Unknown flag "--prot": did you mean --port?'],
    [["--cache-siz", "1"], 'Unknown flag "--cache-siz": did you mean --cache-size?'],
    [["-redis-host", "h"], 'Unknown flag "-redis-host": did you mean --redis-host?'],
    [["--verbose"], 'Unknown flag "--verbose": wanted one that --help lists'],
    [["-x", "1"], 'Unknown flag "-x": wanted one that --help lists'],
    [["--no-port"], 'Unknown flag "--no-port": did you mean --port?'],
    [["healthchek"], 'Cannot understand "healthchek": did you mean healthcheck?'],
    [
      ["start"],
      'Cannot understand "start": wanted flags, or one of serve, check, config, completion, healthcheck, help, version',
    ],
    [
      ["healthcheck", "twice"],
      'Cannot understand "healthcheck twice": wanted flags, or one of serve, check, config, completion, healthcheck, help, version',
    ],
  ];
  for (const [args, message] of table) assertEquals(refusal(...args), message);
});

Deno.test("readEnvironment() refuses a value that is not text, and does not show it", () => {
  const env = {
    toObject: () => ({ PATH: "/bin", RP_PORT: "1" }),
    get(name: string) {
      if (name === "RP_PASSWORD") throw new Error("not valid unicode: secret");
      return undefined;
    },
  };
  const { message } = assertThrows(() => readEnvironment(env), ConfigError);
  assertEquals(message, "Cannot use the value of RP_PASSWORD: wanted text in UTF-8");
  assertEquals(readEnvironment({ ...env, get: () => undefined }), env.toObject());
});

Deno.test("checkVariables() names the variable that was probably meant", () => {
  const refusal = (name: string) =>
    assertThrows(() => checkVariables({ [name]: "1" }), ConfigError).message;
  assertEquals(
    refusal("RP_CACHE_SIZ"),
    "Unknown variable RP_CACHE_SIZ: did you mean RP_CACHE_SIZE?",
  );
  assertEquals(refusal("rp_port"), "Unknown variable rp_port: did you mean RP_PORT?");
  assertEquals(
    refusal("RP_SOMETHING"),
    "Unknown variable RP_SOMETHING: wanted one that --help lists",
  );
});

Deno.test("checkVariables() ignores variables that are not meant for the program", () => {
  checkVariables({
    PATH: "/bin",
    RPC: "1",
    // Set but empty, which counts as unset.
    RP_CACHE_SIZ: "",
    // A variable of this project's tools.
    RP_SUPPLY: "npm",
    RP_TEST_REDIS_URL: "redis://h",
    // A variable of Kubernetes, for a service with the name "rp-cache".
    RP_CACHE_SERVICE_HOST: "10.0.0.1",
    RP_CACHE_SERVICE_PORT: "8080",
    RP_CACHE_SERVICE_PORT_HTTP: "8080",
    RP_CACHE_PORT: "tcp://10.0.0.1:8080",
    RP_CACHE_PORT_8080_TCP: "tcp://10.0.0.1:8080",
    RP_CACHE_PORT_8080_TCP_ADDR: "10.0.0.1",
  });
});

Deno.test("parseArguments() takes a word after a command that needs one, and --json after those that print", () => {
  const { command, operand } = parseArguments(["completion", "fish"]);
  assertEquals([command, operand], ["completion", "fish"]);
  const wanted = "wanted completion and one of bash, zsh, fish";
  assertEquals(refusal("completion"), `Cannot understand "completion": ${wanted}`);
  assertEquals(refusal("completion", "csh"), `Cannot understand "completion csh": ${wanted}`);
  assertEquals(parseArguments(["config", "--json"]).isJson, true);
  assertEquals(parseArguments(["config"]).isJson, false);
  assertEquals(refusal("--json"), "Cannot use --json with serve: wanted check or config");
});
