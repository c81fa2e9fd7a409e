/** Comparisons for anywidget: a bundle that builds on the renderer's, whose module it is given. */

import { Comparison } from "../compare/comparison.ts";
// The style comes first in the bundle, where it is packed best.
import style from "../comparison.css?bundled";
import { dresser } from "./dresser.ts";
import { forWidgets } from "./instrument.ts";

export default forWidgets(Comparison, dresser(style));
