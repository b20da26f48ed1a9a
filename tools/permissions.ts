// The permissions of redis-proxy, compiled into the executable and passed to `deno run` in tests.

export const PERMISSIONS: readonly string[] = [
  // The user chooses the addresses: where it listens, and which Redis it reads.
  "--allow-net",
  // Password and certificate files can be anywhere. It starts no programs.
  "--allow-read",
  // Deno counts a Unix socket as a file that is written. Dropped at start if no setting needs one.
  "--allow-write",
  // Its own settings, and the names of all variables, to find a misspelt one. Dropped at start, so
  // that secrets of other programs stay unread.
  "--allow-env",
  // The C library, to read the limits of the process. Dropped before anything else runs
  // (src/system/give_up.ts).
  "--allow-ffi",
  // Deno counts the option to share a port as unstable; it changes nothing else.
  "--unstable-net",
  // A server has nobody to ask, so Deno must refuse what is not granted.
  "--no-prompt",
];
