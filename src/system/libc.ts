/**
 * The few functions of the C library that Deno lacks: limits of the process, and files of the
 * kernel, which Deno opens only with all permissions.
 *
 * The library is loaded when this module is evaluated. `give_up.ts` then drops the permission.
 *
 * @module
 */

const FUNCTIONS = {
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32", optional: true },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

const LIBRARY: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libc.so.6",
  darwin: "libSystem.B.dylib",
};

/** The functions; null without this library, or without the permission to load it. */
export const libc = load();

/**
 * Returns the address of memory, for functions that take a structure with a pointer in it. Null
 * without the library. The caller must keep the memory as long as the address is in use.
 */
export function addressOf(memory: ArrayBuffer): bigint | null {
  if (libc === null) return null;
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory)));
}

function load() {
  const library = LIBRARY[Deno.build.os];
  if (library === undefined) return null;
  try {
    return Deno.dlopen(library, FUNCTIONS).symbols;
  } catch {
    return null;
  }
}
