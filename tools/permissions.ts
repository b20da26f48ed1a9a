// What redis-proxy may do, and nothing else: baked into the executable, given to `deno run` in tests.

export const PERMISSIONS: readonly string[] = [
  // The addresses are the user's to choose: where it listens, and which Redis it reads.
  "--allow-net",
  // Password and certificate files, wherever the user keeps them. It writes nothing and runs nothing.
  "--allow-read",
  // Its own settings. Whatever else is in the environment, other programs' secrets included, stays unread.
  "--allow-env=RP_*",
  // A server has nobody to ask: what is not granted is refused.
  "--no-prompt",
];
