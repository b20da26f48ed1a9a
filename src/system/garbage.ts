/**
 * Collects garbage at once. V8 by itself lets memory outside its heap, such as that of buffers,
 * grow by 64 MB first, however little memory the process may have.
 *
 * @module
 */

/** Returns the function that collects all garbage; null if this Deno has none. */
export async function garbageCollector(): Promise<(() => void) | null> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc !== undefined) return gc;
  const [v8, vm] = await Promise.all([import("node:v8"), import("node:vm")]);
  try {
    // Contexts that are made while the flag is set have the function. Deno 2.4 ignores the flag
    // here, but has the function if the executable was built with it.
    v8.setFlagsFromString("--expose-gc");
    return vm.runInNewContext("gc");
  } catch {
    return null;
  } finally {
    v8.setFlagsFromString("--no-expose-gc");
  }
}
