import { assertEquals } from "@std/assert";
import { Reloader } from "../../../src/app/reload.ts";
import { Log } from "../../../src/core/log.ts";

Deno.test("Reloader reloads all parts even if one fails, and reports the result of each", async () => {
  const lines: string[] = [];
  const log = new Log("info", "json", (line) => lines.push(line));
  let isBroken = true;
  const done: string[] = [];
  const reloader = new Reloader([
    {
      name: "certificate",
      reload: () => isBroken ? Promise.reject(new Error("no such file")) : void done.push("cert"),
    },
    { name: "password-file", reload: () => void done.push("password") },
    { name: "nothing", reload: null },
  ], log);
  await reloader.reload();
  isBroken = false;
  await reloader.reload();
  assertEquals(done, ["password", "cert", "password"]);
  const events = lines.map((line) => JSON.parse(line)).map(({ time: _, ...rest }) => rest);
  const others = "kept: restart to change them";
  const common = { level: "info", event: "Reloaded", nothing: "not used", others };
  assertEquals(events, [
    {
      level: "error",
      event: "Cannot reload the certificate: kept the old one",
      why: "no such file",
    },
    { ...common, certificate: "kept", "password-file": "read again" },
    { ...common, certificate: "read again", "password-file": "read again" },
  ]);
});

Deno.test("Reloader does one reload after the other", async () => {
  const order: string[] = [];
  let go = () => {};
  const first = new Promise<void>((resolve) => go = resolve);
  const reloads = [async () => (await first, order.push("first")), () => order.push("second")];
  const part = { name: "part", reload: async () => void await reloads.shift()!() };
  const reloader = new Reloader([part], new Log("error", "text", () => {}));
  reloader.reload();
  const last = reloader.reload();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(order, []);
  go();
  await last;
  assertEquals(order, ["first", "second"]);
});
