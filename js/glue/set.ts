/** The table of a set for anywidget: a bundle that builds on the renderer's, as the explorer does. */

import { SetBrowser } from "../set/browser.ts";
// The style comes first in the bundle, where it is packed best.
import style from "../set.css?bundled";
import { dresser } from "./dresser.ts";
import { forWidgets } from "./instrument.ts";

export default forWidgets(SetBrowser, dresser(style));
