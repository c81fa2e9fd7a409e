/**
 * The glue of pages that a small server opens, with no notebook: `tokenviz explore`, and `tokenviz view` of many. The server
 * holds the figure, as a kernel does, and speaks the comm protocol's messages (`serve/`); the
 * bundles are those that anywidget loads.
 *
 * What the page and its address are is in `serve/page.py`.
 */

import type { AnyModel, InitializeProps, RenderProps } from "@anywidget/types";
import { type Message, messages } from "../serve/frames.ts";
import { ServedModel } from "../serve/model.ts";
import type * as Base from "./widget.ts";

interface Figures {
  initialize(props: InitializeProps): void;
  render(props: RenderProps): void;
}

/** How often a connection that broke is tried again, and milliseconds before each. */
const TRIES = 3;
const PAUSE = 500;

const ENDED = "tokenviz has ended. What is here can still be looked at; nothing new can be asked.";

const find = (name: string) =>
  document.querySelector(`[data-tokenviz-served="${name}"]`) as HTMLElement;
const place = find("figure");
const status = find("status");
const quit = find("quit") as HTMLButtonElement;

const { signal } = new AbortController();
let model: ServedModel | null = null;
let hasEnded = false;

/** The figures of the bundles: the renderer's, and those that build on it. */
async function load(): Promise<Figures> {
  const [base, instrument] = await Promise.all(
    ["widget.js", `${place.dataset.tokenvizInstrument}.js`].map(
      (name) => import(new URL(name, document.baseURI).href),
    ),
  );
  return instrument.default(base as typeof Base);
}

async function post(name: string, body?: Uint8Array<ArrayBuffer>): Promise<void> {
  const response = await fetch(name, {
    method: "POST",
    body: body ?? null,
    headers: { "Content-Type": "application/octet-stream" },
  });
  if (!response.ok) throw new Error(await response.text());
}

function hear({ data, buffers }: Message, figures: Figures): void {
  if (data.method === "close") {
    hasEnded = true;
  } else if (data.method === "open" && model === null) {
    model = new ServedModel((message) => post("message", message));
    model.hear(data, buffers);
    // Of a host's model the renderer asks no more than ours has.
    const props = { model: model as unknown as AnyModel, el: place, signal } as RenderProps;
    figures.initialize(props as unknown as InitializeProps);
    figures.render(props);
  } else {
    model?.hear(data, buffers);
  }
}

/** Hears the server until the stream ends; says why there was none. */
async function listen(figures: Figures): Promise<string | null> {
  const response = await fetch("stream", { cache: "no-store" });
  if (!response.ok || response.body === null) return response.text();
  say("");
  if (model !== null) model.isLost = false;
  for await (const message of messages(response.body)) {
    hear(message, figures);
    if (hasEnded) break;
  }
  return null;
}

async function run(): Promise<void> {
  const figures = await load();
  let refused: string | null = null;
  for (let tries = 0; tries < TRIES && !hasEnded && refused === null; tries += 1) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE));
    const begun = performance.now();
    refused = await listen(figures).catch(() => null);
    if (model !== null) model.isLost = true;
    if (performance.now() - begun > TRIES * PAUSE) tries = 0; // it was there
  }
  quit.disabled = true;
  say(refused ?? ENDED);
}

function say(words: string): void {
  status.textContent = words;
  document.documentElement.toggleAttribute("data-tokenviz-ended", words !== "");
}

quit.addEventListener("click", () => {
  quit.disabled = true;
  post("quit").catch(() => {});
});

run().catch((error) => say(`The page could not be drawn: ${error}`));
