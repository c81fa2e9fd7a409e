/**
 * The explorer for anywidget: a bundle that builds on the renderer's, whose module it is given.
 */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import { listen } from "../explore/hearing.ts";
// The style comes first in the bundle, where it is packed best.
import { mountExplorer } from "../explore/mount.ts";
import style from "../explorer.css?bundled";
import { dresser } from "./dresser.ts";
import type * as Base from "./widget.ts";

const dressExplorer = dresser(style);

export default (base: typeof Base) => ({
  initialize({ model, signal }: InitializeProps): void {
    listen(model, signal);
  },

  render({ model, el, signal }: RenderProps): void {
    base.dress(el, signal);
    dressExplorer(el, signal);
    mountExplorer(base, model, el, signal);
    base.hideTwins(el, signal);
  },
});
