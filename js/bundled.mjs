/**
 * `import code from "./worker.ts?bundled"` gives that module, bundled, as text: a worker's code
 * inside the one script that a widget or a page has, or a widget's style sheet. For esbuild, and
 * for Vite in the tests.
 */

import { dirname, resolve } from "node:path";
import { build } from "esbuild";
import { shrink } from "./shrink.mjs";

const QUERY = "?bundled";

/** The text, and the files it was made of. */
async function bundle(path) {
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [path], bundle: true, minify: true, write: false, metafile: true },
    ...{ format: "iife", target: ["es2022"], logLevel: "warning" },
  });
  const { text } = outputFiles[0];
  return {
    text: path.endsWith(".css") ? text.trim() : await shrink(text, false),
    files: Object.keys(metafile.inputs).map((file) => resolve(file)),
  };
}

export const esbuildBundled = {
  name: "bundled",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?bundled$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.slice(0, -QUERY.length)),
      namespace: "bundled",
    }));
    onLoad({ filter: /./, namespace: "bundled" }, async ({ path }) => {
      const { text, files } = await bundle(path);
      return { contents: text, loader: "text", watchFiles: files };
    });
  },
};

const VIRTUAL = "\0bundled:";

export const viteBundled = {
  name: "bundled",
  enforce: "pre",
  resolveId(id, importer) {
    if (!id.endsWith(QUERY)) return null;
    return VIRTUAL + resolve(dirname(importer), id.slice(0, -QUERY.length));
  },
  async load(id) {
    if (!id.startsWith(VIRTUAL)) return null;
    const { text } = await bundle(id.slice(VIRTUAL.length));
    return `export default ${JSON.stringify(text)}`;
  },
};
