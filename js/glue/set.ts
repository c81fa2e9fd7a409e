/** The table of a set for anywidget: a bundle that builds on the renderer's, as the explorer does. */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import { mountSet } from "../set/mount.ts";
// The style comes first in the bundle, where it is packed best.
import style from "../set.css?bundled";
import { dresser } from "./dresser.ts";
import type * as Base from "./widget.ts";

const dressSet = dresser(style);

export default (base: typeof Base) => ({
  initialize(_: InitializeProps): void {},

  render({ model, el, signal }: RenderProps): void {
    base.dress(el, signal);
    dressSet(el, signal);
    mountSet(base, model, el, signal);
    base.hideTwins(el, signal);
  },
});
