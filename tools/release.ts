// Makes the files of a release in dist/release: an archive for each target, the bill of materials
// and checksums. deno run -A tools/release.ts [target ...]   default: all targets
import manifest from "../deno.json" with { type: "json" };
import { compile, plan } from "./build.ts";
import { bundle } from "./bundle.ts";
import { main, ROOT, runQuietly, say } from "./command.ts";
import { bill, graphOf, licenseIn } from "./sbom.ts";

/** The platforms of the executables, with Deno's names for them. */
export const TARGETS: Readonly<Record<string, string>> = {
  "linux-x64": "x86_64-unknown-linux-gnu",
  "linux-arm64": "aarch64-unknown-linux-gnu",
  "macos-x64": "x86_64-apple-darwin",
  "macos-arm64": "aarch64-apple-darwin",
  "windows-x64": "x86_64-pc-windows-msvc",
};

/** The files that go into each archive with the executable. */
const PAPERS = ["LICENSE", "README.md", "CHANGELOG.md"];

const OUTPUT = `${ROOT}/dist/release`;

/** The name of a release's file, such as "redis-proxy-1.2.3-linux-x64.tar.gz". */
export function nameOf(version: string, target: string): string {
  return `redis-proxy-${version}-${target}.${target.startsWith("windows") ? "zip" : "tar.gz"}`;
}

async function release(targets: readonly string[]): Promise<void> {
  const unknown = targets.find((target) => !(target in TARGETS));
  if (unknown !== undefined) {
    throw new Error(`Cannot build for ${unknown}: wanted ${Object.keys(TARGETS).join(", ")}`);
  }
  await Deno.remove(OUTPUT, { recursive: true }).catch(() => {/* The first time. */});
  const build = await plan();
  const program = await bundle(build.bundler, build.bundleFlags);
  const { version } = manifest;
  const files: string[] = [];
  for (const target of targets) {
    say(`building for ${target}`);
    const folder = `${OUTPUT}/${target}`;
    await Deno.mkdir(folder, { recursive: true });
    const executable = target.startsWith("windows") ? "redis-proxy.exe" : "redis-proxy";
    await compile(build, program, `${folder}/${executable}`, ["--target", TARGETS[target]!]);
    for (const paper of PAPERS) await Deno.copyFile(`${ROOT}/${paper}`, `${folder}/${paper}`);
    const name = nameOf(version, target);
    await pack(folder, [executable, ...PAPERS], name);
    files.push(name);
  }
  const name = `redis-proxy-${version}.cdx.json`;
  const sbom = bill(await graphOf(build.bundler), await versionOf(build.deno), licenseIn);
  await Deno.writeTextFile(`${OUTPUT}/${name}`, JSON.stringify(sbom, null, 2) + "\n");
  files.push(name);
  await runQuietly(["sh", "-c", 'sha256sum "$@" >SHA256SUMS', "sh", ...files], { cwd: OUTPUT });
  for (const file of [...files, "SHA256SUMS"]) say(`made dist/release/${file}`);
}

async function pack(folder: string, files: readonly string[], name: string): Promise<void> {
  const command = name.endsWith(".zip")
    ? ["zip", "-q", `${OUTPUT}/${name}`, ...files]
    : ["tar", "--owner=0", "--group=0", "-czf", `${OUTPUT}/${name}`, ...files];
  await runQuietly(command, { cwd: folder });
}

async function versionOf(deno: string): Promise<string> {
  const { stdout } = await new Deno.Command(deno, { args: ["--version"] }).output();
  return /^deno (\S+)/.exec(new TextDecoder().decode(stdout))![1]!;
}

if (import.meta.main) {
  await main(async () => {
    await release(Deno.args.length > 0 ? Deno.args : Object.keys(TARGETS));
    return 0;
  });
}
