/**
 * The program, run so that its coverage is written. Deno writes it when the event loop has run dry,
 * and `Deno.exit` does not wait for that: here it sets the status and lets the program end by
 * itself.
 *
 * @module
 */

/** Time for the event loop to run dry; what still holds it then ends without its coverage. */
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
