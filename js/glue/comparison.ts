/**
 * Comparisons for anywidget: a bundle that builds on the renderer's, whose module it is given.
 */

import type { RenderProps } from "@anywidget/types";
// The style comes first in the bundle, where it is packed best.
import { mountComparison } from "../compare/mount.ts";
import style from "../comparison.css?bundled";
import { dresser } from "./dresser.ts";
import type * as Base from "./widget.ts";

const dressComparison = dresser(style);

export default (base: typeof Base) => ({
  render({ model, el, signal }: RenderProps): void {
    base.dress(el, signal);
    dressComparison(el, signal);
    mountComparison(base, model, el, signal);
    base.hideTwins(el, signal);
  },
});
