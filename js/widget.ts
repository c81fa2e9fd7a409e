/**
 * The anywidget glue. JupyterLab, VS Code, marimo and others call `render` once for each view.
 */

import type { RenderProps } from "@anywidget/types";
import { mount } from "./mount.ts";

function render({ model, el, signal }: RenderProps): void {
  // Widgets run on this page: the tables that stand in for them step back (tokenviz.css).
  document.documentElement.dataset.tokenvizLive = "";
  el.classList.add("tokenviz-host");
  mount(model, el, signal);
}

export default { render };
