/**
 * What anywidget imports for every model: it has the page evaluate the renderer once.
 *
 * A browser never forgets a module that it has imported, and anywidget imports each model's `_esm`
 * under a URL of its own. So `_esm` is no more than this file, and the renderer's source is a trait
 * beside it: it is there without a kernel too, and each different source is evaluated once for the
 * page, so that figures saved by two versions of tokenviz can stand in one notebook.
 */

import type { InitializeProps, RenderProps } from "@anywidget/types";

interface Renderer {
  default: {
    /** Called once for a model; sources saved by an older tokenviz have none. */
    initialize?(props: InitializeProps): void;
    render(props: RenderProps): void;
  };
}

const RENDERERS = Symbol.for("tokenviz.renderers");

/** The renderers of this page by their source; shared with the copies of this module. */
function renderers(): Map<string, Promise<Renderer>> {
  const page = globalThis as { [RENDERERS]?: Map<string, Promise<Renderer>> };
  page[RENDERERS] ??= new Map();
  return page[RENDERERS];
}

function load(source: string): Promise<Renderer> {
  const known = renderers();
  const loading = known.get(source) ?? evaluate(source);
  known.set(source, loading);
  // Not the last word: the next view tries again.
  loading.catch(() => known.delete(source));
  return loading;
}

async function evaluate(source: string): Promise<Renderer> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Traits that may be large. */
const HEAVY = ["_data", "_colormap_table", "_renderer", "_css"];

/**
 * A closed model lets go of its data: JupyterLab keeps the model itself for as long as the kernel
 * runs, through the comm's handlers. Hosts that know no such event keep nothing either.
 *
 * A trace that is being written is heard of by its model, whether or not a view is open.
 */
async function initialize(props: InitializeProps): Promise<void> {
  const { model, signal } = props;
  model.on("destroy", () => {
    for (const name of HEAVY) model.set(name, null);
    // Backbone keeps the values from before the latest call.
    model.set("_data", null);
  });
  if (model.get("_live") == null) return;
  const renderer = await load(String(model.get("_renderer")));
  if (!signal.aborted) renderer.default.initialize?.(props);
}

async function render(props: RenderProps): Promise<void> {
  const renderer = await load(String(props.model.get("_renderer")));
  if (!props.signal.aborted) renderer.default.render(props);
}

export default { initialize, render };
