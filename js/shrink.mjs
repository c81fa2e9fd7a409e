/**
 * A second minifier, which looks across functions, saves some more. It may take it that reading a
 * property does nothing else, that `String` and its like are the built-in ones, and that nothing
 * calls a plain function with `new`. Constants stay on the side of a comparison where they were
 * written: gzip finds more that repeats.
 */

import { minify } from "terser";

/**
 * Properties that only the renderer's own code knows, so that two letters do. A name may stand here
 * if it is no DOM property, no trait, nothing on the wire, and nowhere written as text: a test looks.
 * The same two letters in all that is built together: what builds on the renderer calls them, too.
 */
const OWN = `
alternativeProbabilities cellWidth columnsBetween pathHeight rowsBetween smallValueWidth
valueWidth fragmentsOf positionsBetween columnLeft rankHeight fragmentRect pathTop contentSize
hasNaN openedTop lastLine keepClear availableWidth labelEvery defaultHeight textOn rowTop
widestColumn firstLine linesBetween firstVisible leastProbability copiesPart markedRows lineAt
rankTop toContent scrollFor showUnder rowAt toClient overviewRoom onStatus onLayout
columnLabels showPosition labelLength hasNegative extremeBits digitsWidth labelWidths
showMatches positionsOf placeOf firstCell boxHeight widestRow rowLabels nearestOn barWidth
buildNow bitsOf zoomTo columnSums rowSums
showValues hovered minProbability minProbabilityNumber chips goTo lasts arrived
summarise surprise repaint recoloured relayout halo topK spot stale
promptRows nameFont banded rowOf scaleAt
addControl rowFactor columnFactor rowLength condense rewrite valueAt columnsBeyond figureHeight
`;

const compress = {
  ...{ passes: 6, lhs_constants: false, sequences: false },
  ...{ pure_getters: true, unsafe: true, unsafe_arrows: true, unsafe_methods: true },
};

/** Properties and what they are called, of all texts so far. */
let renamed = {};

/** `module`: whether what the text declares is its own. */
export async function shrink(text, module) {
  const nameCache = { props: renamed };
  const { code } = await minify(text, {
    nameCache,
    ...{ module, ecma: 2022, compress, format: { comments: "some" } },
    mangle: { properties: { regex: new RegExp(`^(${OWN.trim().replace(/\s+/g, "|")})$`) } },
  });
  renamed = nameCache.props;
  return code;
}
