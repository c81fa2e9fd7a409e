/**
 * The anywidget glue, which `loader.ts` evaluates once for a page. JupyterLab, VS Code, marimo and
 * others have `render` called once for each view.
 */

import type { RenderProps } from "@anywidget/types";
import { mount } from "./mount.ts";
import { hideTwins } from "./twin.ts";

function render({ model, el, signal }: RenderProps): void {
  mount(model, el, signal);
  hideTwins(el, signal);
}

export default { render };
