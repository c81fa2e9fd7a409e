/** The explorer for anywidget: a bundle that builds on the renderer's, whose module it is given. */

import { Explorer } from "../explore/explorer.ts";
import { listen } from "../explore/hearing.ts";
// The style comes first in the bundle, where it is packed best.
import style from "../explorer.css?bundled";
import { dresser } from "./dresser.ts";
import { forWidgets } from "./instrument.ts";

export default forWidgets(Explorer, dresser(style), listen);
