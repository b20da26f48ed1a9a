// What redis-proxy may do, and nothing else: baked into the executable, given to `deno run` in tests.

export const PERMISSIONS: readonly string[] = [
  // The addresses are the user's to choose: where it listens, and which Redis it reads.
  "--allow-net",
  // Password and certificate files, wherever the user keeps them. It runs nothing.
  "--allow-read",
  // Unix sockets, which Deno counts as files that are written. Given up at start where none is used.
  "--allow-write",
  // Its own settings. Whatever else is in the environment, other programs' secrets included, stays unread.
  "--allow-env=RP_*",
  // The C library, for the limits of the process: given up before anything else runs
  // (src/system/give_up.ts).
  "--allow-ffi",
  // A server has nobody to ask: what is not granted is refused.
  "--no-prompt",
];
