/**
 * Builds the one renderer for its homes: bundles for anywidget with the few lines that load them, the
 * few that do so on a page of our own server, classic scripts for exported pages, and the style
 * sheets of those. `--watch` rebuilds on change.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { context } from "esbuild";
import { esbuildBundled } from "./bundled.mjs";
import { shrink } from "./shrink.mjs";

const OUT = "src/tokenviz/static";

/** What figures load as a model of its own: `glue/<name>.ts`, known to Python by that name. */
const BUNDLES = ["widget", "explorer", "comparison", "set"];

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
  ...["loader", ...BUNDLES, "server"].map((name) => ({
    entryPoints: [`js/glue/${name}.ts`],
    outfile: `${OUT}/${name}.js`,
    format: "esm",
    define: WIDGET,
  })),
  ...["page", "explorerpage", "comparisonpage", "setpage"].map((name) => ({
    entryPoints: [`js/glue/${name}.ts`],
    outfile: `${OUT}/${name}.js`,
    format: "iife",
    define: FOR_PAGES,
  })),
  ...["tokenviz", "explorer", "comparison", "set"].map((name) => ({
    entryPoints: [`js/${name}.css`],
    outfile: `${OUT}/${name}.css`,
  })),
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
    if (format !== undefined) {
      const text = await readFile(outfile, "utf8");
      await writeFile(outfile, await shrink(text, format === "esm"));
    }
    const bytes = await readFile(outfile);
    const kilobytes = (n) => `${(n / 1000).toFixed(1)} kB`;
    console.log(
      `${outfile}  ${kilobytes(bytes.length)}, gzip ${kilobytes(gzipSync(bytes).length)}`,
    );
  }
}
