/**
 * A second minifier, which looks across functions, saves some more. It may take it that reading a
 * property does nothing else, that `String` and its like are the built-in ones, and that nothing
 * calls a plain function with `new`. Constants stay on the side of a comparison where they were
 * written: gzip finds more that repeats.
 */

import { minify } from "terser";

const compress = {
  ...{ passes: 6, lhs_constants: false },
  ...{ pure_getters: true, unsafe: true, unsafe_arrows: true, unsafe_methods: true },
};

/** `module`: whether what the text declares is its own. */
export async function shrink(text, module) {
  const { code } = await minify(text, {
    ...{ module, ecma: 2022, compress, format: { comments: "some" } },
  });
  return code;
}
