/**
 * Runs the program so that Deno writes its coverage. Deno does so when the event loop is empty, and
 * `Deno.exit` does not wait for that. So here, `Deno.exit` only sets the status, and the program
 * ends by itself.
 *
 * @module
 */

/**
 * The time for the event loop to become empty. After that, the process ends without writing
 * coverage.
 */
const GRACE_MS = 500;

const { addSignalListener, exit } = Deno;
const listening: [Deno.Signal, () => void][] = [];

Object.defineProperties(Deno, {
  addSignalListener: {
    value(signal: Deno.Signal, handler: () => void): void {
      listening.push([signal, handler]);
      addSignalListener(signal, handler);
    },
  },
  exit: {
    value(code = 0): void {
      Deno.exitCode = code;
      // Otherwise they would hold the event loop.
      for (const [signal, handler] of listening) Deno.removeSignalListener(signal, handler);
      Deno.unrefTimer(setTimeout(() => exit(code), GRACE_MS));
    },
  },
});

await import("../../main.ts");
