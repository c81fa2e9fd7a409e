/**
 * `import make from "./worker.ts?alone"` gives that module, bundled, as a function that returns
 * what it exports and refers to nothing outside: `make()` calls it here, and `${make}` is its
 * source, for a worker. So one script, which is all that a widget or a page has, holds it once.
 * `import text from "./style.css?bundled"` gives a style sheet as text. For esbuild, and for Vite
 * in the tests.
 */

import { dirname, resolve } from "node:path";
import { build } from "esbuild";

const QUERY = /\?(alone|bundled)$/;

/** A module that exports the function, or the text, and the files it was made of. */
async function bundle(path) {
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [path], bundle: true, minify: true, write: false, metafile: true },
    ...{ format: "esm", target: ["es2022"], logLevel: "warning" },
  });
  const text = outputFiles[0].text.trim();
  return {
    contents: `export default ${path.endsWith(".css") ? JSON.stringify(text) : alone(text)}`,
    files: Object.keys(metafile.inputs).map((file) => resolve(file)),
  };
}

/** `export{a as build}` at the end becomes what a function returns. */
function alone(module) {
  const [whole, names] = module.match(/export\{([^{}]*)\};$/);
  const exports = names.split(",").map((name) => name.split(" as ").reverse().join(":"));
  return `function(){${module.slice(0, -whole.length)}return{${exports.join(",")}}}`;
}

export const esbuildBundled = {
  name: "bundled",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: QUERY }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.replace(QUERY, "")),
      namespace: "bundled",
    }));
    onLoad({ filter: /./, namespace: "bundled" }, async ({ path }) => {
      const { contents, files } = await bundle(path);
      return { contents, loader: "js", watchFiles: files };
    });
  },
};

const VIRTUAL = "\0bundled:";

export const viteBundled = {
  name: "bundled",
  enforce: "pre",
  resolveId(id, importer) {
    if (!QUERY.test(id)) return null;
    return VIRTUAL + resolve(dirname(importer), id.replace(QUERY, ""));
  },
  async load(id) {
    if (!id.startsWith(VIRTUAL)) return null;
    return (await bundle(id.slice(VIRTUAL.length))).contents;
  },
};
