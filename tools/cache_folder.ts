// The folder in which the tools keep their downloads. It is outside the repository, so that a fresh
// clone finds them again.

/** The cache folder of the tools, created if needed. The rule is the same as in tools/deno. */
export function cacheFolder(): string {
  const own = Deno.env.get("RP_TOOLS_CACHE");
  if (own) return made(own);
  const home = Deno.env.get("HOME");
  const caches = Deno.env.get("XDG_CACHE_HOME") || (home && `${home}/.cache`);
  if (caches) {
    try {
      return made(`${caches}/redis-proxy-tools`);
    } catch {
      // A home folder that is not writable counts as none.
    }
  }
  return made(`${Deno.env.get("TMPDIR") || "/tmp"}/redis-proxy-tools-${Deno.uid() ?? "user"}`);
}

function made(folder: string): string {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
