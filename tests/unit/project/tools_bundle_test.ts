import { assert, assertEquals } from "@std/assert";
import { BUNDLER_VERSION, isAtLeast, renameChunks } from "../../../tools/bundle.ts";

Deno.test("isAtLeast() compares versions by their numbers", () => {
  const rows: [string, string, boolean][] = [
    ["2.9.6", "2.9.6", true],
    ["2.10.0", "2.9.6", true],
    ["3.0.0", "2.9.6", true],
    ["2.9.7+abc", "2.9.6", true],
    ["2.9.5", "2.9.6", false],
    ["2.4.2", "2.9.6", false],
    ["1.99.9", "2.9.6", false],
  ];
  for (const [version, oldest, expected] of rows) {
    assertEquals(isAtLeast(version, oldest), expected, `${version}, ${oldest}`);
  }
});

Deno.test("tools/deno fetches a Deno that can bundle", () => {
  const script = Deno.readTextFileSync(new URL("../../../tools/deno", import.meta.url));
  const [, newest] = /^newest=(\S+)/m.exec(script)!;
  assert(isAtLeast(newest!, BUNDLER_VERSION), newest);
});

Deno.test("renameChunks() numbers the chunks, and changes every reference to them", async () => {
  const bundle = async (hash: string) => {
    const folder = await Deno.makeTempDir();
    const files = {
      "main.js": `import("./library-${hash}.js");`,
      [`library-${hash}.js`]: `import "./chunk-OTHER123.js";`,
      "chunk-OTHER123.js": `export {};`,
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await renameChunks(folder);
    const found = [...Deno.readDirSync(folder)].map(({ name }) => [
      name,
      Deno.readTextFileSync(`${folder}/${name}`),
    ]).sort();
    await Deno.remove(folder, { recursive: true });
    return found;
  };
  assertEquals(await bundle("AAAA1111"), [
    ["chunk-1.js", "export {};"],
    ["library-2.js", 'import "./chunk-1.js";'],
    ["main.js", 'import("./library-2.js");'],
  ]);
  assertEquals(await bundle("BBBB2222"), await bundle("AAAA1111"));
});
