/**
 * What anywidget imports for every model: it has the page evaluate the renderer once.
 *
 * A browser never forgets a module that it has imported, and anywidget imports each model's `_esm`
 * under a URL of its own. So `_esm` is no more than this file, and the renderer is a bundle: a model
 * of its own that figures refer to (`widget/bundle.py`), there without a kernel too. Each different
 * source is evaluated once for the page, so that figures saved by two versions of tokenviz can
 * stand in one notebook.
 */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";

interface Renderer {
  default: {
    /** Called once for a model; sources saved by an older tokenviz have none. */
    initialize?(props: InitializeProps): void;
    render(props: RenderProps): void;
  };
}

/** The renderers of this page by their source; shared with the copies of this module. */
const RENDERERS = Symbol.for("tokenviz.renderers");
const page = globalThis as { [RENDERERS]?: Map<string, Promise<Renderer>> };
page[RENDERERS] ??= new Map();
const known = page[RENDERERS];

/** How ipywidgets writes that a trait is another model. */
const REFERENCE = "IPY_MODEL_";

/** Milliseconds after which the kernel is asked; hosts may wait ten seconds for a missing model. */
const SOON = 500;

/** Milliseconds after which a reader is told what is waited for. */
const PATIENCE = 4000;

/** Milliseconds that a model waits; anywidget gives it up after two seconds. */
const HELD_UP = 1000;

/** The renderer of some sources, of which each builds on those before it. */
function load(sources: string[]): Promise<Renderer> {
  const key = sources.join("");
  const loading = known.get(key) ?? evaluate(sources);
  known.set(key, loading);
  // Not the last word: the next view tries again.
  loading.catch(() => known.delete(key));
  return loading;
}

async function evaluate(sources: string[]): Promise<Renderer> {
  const base = sources.length > 1 ? await load(sources.slice(0, -1)) : null;
  const url = URL.createObjectURL(new Blob(sources.slice(-1), { type: "text/javascript" }));
  try {
    const module = await import(url);
    return base === null ? module : { ...module, default: module.default(base) };
  } finally {
    URL.revokeObjectURL(url);
  }
}

const pause = (ms: number) => new Promise<null>((resolve) => setTimeout(resolve, ms, null));

/** The sources of a model's renderer: of its bundle, or asked of the kernel where none is found. */
function sourcesOf(model: AnyModel, signal: AbortSignal): Promise<string[]> {
  const found = bundled(model, String(model.get("_renderer")));
  const soon = Promise.race([found, pause(SOON)]).catch(() => null);
  return Promise.any([found, soon.then((sources) => sources ?? asked(model, signal))]);
}

/**
 * What a bundle builds on, and its own source; fails where there is none. A figure may hold the
 * source itself, as those of an older tokenviz do.
 */
async function bundled(model: AnyModel, reference: string): Promise<string[]> {
  if (!reference.startsWith(REFERENCE)) return [reference];
  const bundle = await model.widget_manager.get_model(reference.slice(REFERENCE.length));
  const [base, source] = [bundle.get("base"), bundle.get("source")];
  if (!source) throw null;
  return [...(base ? await bundled(model, base) : []), source];
}

/** Settles when the kernel answers: one that is busy does so later, one that is gone never. */
function asked(model: AnyModel, signal: AbortSignal): Promise<string[]> {
  return new Promise((resolve) => {
    const hear = (content: { tokenviz?: string; sources: string[] }) => {
      if (content.tokenviz === "sources") resolve(content.sources);
    };
    model.on("msg:custom", hear);
    signal.addEventListener("abort", () => model.off("msg:custom", hear));
    try {
      model.send({ tokenviz: "sources" });
    } catch {} // its connection is gone
  });
}

/** Traits that may be large. */
const HEAVY = ["_data", "_colormap_table"];

/**
 * A closed model lets go of its data: JupyterLab keeps the model itself for as long as the kernel
 * runs, through the comm's handlers, and with it whatever a closure in this function knows: so
 * nothing but the model. Hosts that know no such event keep nothing either.
 *
 * A trace that is being written is heard of by its model, whether or not a view is open.
 */
async function initialize(props: InitializeProps): Promise<void> {
  const { model } = props;
  model.on("destroy", () => {
    for (const name of HEAVY) model.set(name, null);
    // Backbone keeps the values from before the latest call.
    model.set("_data", null);
  });
  if (model.get("_live") == null) return;
  // What the kernel answers is kept from the model until this function returns.
  await Promise.race([listen(props), pause(HELD_UP)]);
}

async function listen(props: InitializeProps): Promise<void> {
  const renderer = await load(await sourcesOf(props.model, props.signal));
  if (!props.signal.aborted) renderer.default.initialize?.(props);
}

async function render(props: RenderProps): Promise<void> {
  const { model, el, signal } = props;
  const note = document.createElement("p");
  note.textContent =
    "The figure’s renderer is neither saved here nor sent by a kernel: run the cell.";
  const waiting = setTimeout(() => el.append(note), PATIENCE);
  try {
    const renderer = await load(await sourcesOf(model, signal));
    if (!signal.aborted) renderer.default.render(props);
  } finally {
    clearTimeout(waiting);
    note.remove();
  }
}

export default { initialize, render };
