/**
 * Builds the one renderer for its two homes: an ES module for anywidget with the few lines that
 * load it, a classic script for exported pages, and the style sheet that both share. `--watch`
 * rebuilds on change.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { context } from "esbuild";
import { minify } from "terser";
import { esbuildBundled } from "./bundled.mjs";

const OUT = "src/tokenviz/static";

/** Dependencies are ES modules; where require.js lives, a UMD wrapper would go astray. */
const WIDGET = { define: "undefined", PAGE: "false" };
const FOR_PAGES = { ...WIDGET, PAGE: "true" };

const shared = {
  bundle: true,
  minify: true,
  target: ["es2022"],
  legalComments: "inline",
  plugins: [esbuildBundled],
  logLevel: "warning",
};

const builds = [
  {
    entryPoints: ["js/glue/loader.ts"],
    outfile: `${OUT}/loader.js`,
    format: "esm",
    define: WIDGET,
  },
  {
    entryPoints: ["js/glue/widget.ts"],
    outfile: `${OUT}/widget.js`,
    format: "esm",
    define: WIDGET,
  },
  {
    entryPoints: ["js/glue/page.ts"],
    outfile: `${OUT}/page.js`,
    format: "iife",
    define: FOR_PAGES,
  },
  { entryPoints: ["js/tokenviz.css"], outfile: `${OUT}/tokenviz.css` },
];

await mkdir(OUT, { recursive: true });
const contexts = await Promise.all(builds.map((build) => context({ ...shared, ...build })));

if (process.argv.includes("--watch")) {
  await Promise.all(contexts.map((ctx) => ctx.watch()));
} else {
  for (const ctx of contexts) {
    await ctx.rebuild();
    await ctx.dispose();
  }
  for (const { outfile, format } of builds) {
    if (format !== undefined) await shrink(outfile, format === "esm");
    const bytes = await readFile(outfile);
    const kilobytes = (n) => `${(n / 1000).toFixed(1)} kB`;
    console.log(
      `${outfile}  ${kilobytes(bytes.length)}, gzip ${kilobytes(gzipSync(bytes).length)}`,
    );
  }
}

/**
 * A second minifier, which looks across functions, saves some more. It may take it that reading a
 * property does nothing else, and that nothing calls a plain function with `new`.
 */
async function shrink(file, module) {
  const compress = { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true };
  const options = { module, ecma: 2022, compress, format: { comments: "some" } };
  const { code } = await minify(await readFile(file, "utf8"), options);
  await writeFile(file, code);
}
