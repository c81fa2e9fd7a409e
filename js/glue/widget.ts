/**
 * The anywidget glue, which `loader.ts` evaluates once for a page. JupyterLab, VS Code, marimo and
 * others have `render` called once for each view. A bundle that builds on it is given its exports.
 */

import type { InitializeProps, RenderProps } from "@anywidget/types";
import { dress } from "./style.ts";

// The style comes first in the bundle, where it is packed best.

import { listen } from "../state/hear.ts";
import { mount } from "./mount.ts";
import { hideTwins } from "./twin.ts";

export * from "./core.ts";
export { dress, hideTwins };

function render({ model, el, signal }: RenderProps): void {
  dress(el, signal);
  mount(model, el, signal);
  hideTwins(el, signal);
}

function initialize({ model, signal }: InitializeProps): void {
  listen(model, signal);
}

export default { initialize, render };
