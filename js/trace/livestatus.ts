/**
 * How a text comes along, in the toolbar: how many tokens, how quickly, and the button that stops.
 *
 * It stands there only while the text is written; the caption says the speed after. Of a text that
 * ended in an error, or that nothing was heard of for some time, a line below the title says so.
 * A voice says that it ended, and nothing of the tokens in between.
 */

import { grouped } from "../color/numbers.ts";
import { icon, toolButton } from "../controls/toolbutton.ts";
import type { LiveStatus } from "../data/trace.ts";
import { h, svg } from "../dom.ts";
import type { FigureParts } from "../figure/feature.ts";
import { PLACE } from "../figure/toolbar.ts";
import type { TraceState } from "../state/state.ts";

/** Milliseconds of silence after which the kernel counts as gone; it beats every two seconds. */
export const SILENCE = 7000;

export function liveStatus(parts: FigureParts<TraceState>): void {
  const { store, toolbar, head, say, signal } = parts;
  const initial = store.state._live;
  if (initial === null) return;

  let status: LiveStatus = initial;
  let stopping = false;
  let heard = performance.now();
  let timer: ReturnType<typeof setInterval> | undefined;

  const ask = () => {
    stopping = store.send({ tokenviz: "stop" });
  };
  const text = h("span", { class: "tokenviz-status" });
  const stop = toolButton({
    control: "stop",
    label: "Stop writing",
    icon: icon(svg("rect", { x: 4, y: 4, width: 8, height: 8, rx: 1, fill: "currentColor" })),
    press: () => {
      ask();
      show();
    },
    signal,
  });
  const group = h("div", { class: "tokenviz-writing" }, text, stop);
  const note = h("div", { class: "tokenviz-note-line" });
  toolbar.add(group, PLACE.live);
  head.after(note);

  const written = () => store.state.data.index.length - (store.state.data.given ?? 0);

  const show = () => {
    const { running, error } = status;
    const count = counted(written());
    const reachable = store.connected && performance.now() - heard < SILENCE;
    group.hidden = !running || !reachable;
    if (stopping && stop.matches(":focus")) parts.viewport.element.focus({ preventScroll: true });
    stop.disabled = stopping;
    text.textContent = stopping ? `${count} · stopping…` : progress(count, status.rate);
    note.textContent = line();
    note.hidden = note.textContent === "";
    toolbar.refresh();

    function line(): string {
      if (error !== null) return `Stopped by an error after ${count}: ${error}`;
      if (!running || reachable) return "";
      return store.connected
        ? `Python has not been heard of for a while. ${count} came before.`
        : `Saved while it was being written, after ${count}.`;
    }
  };

  // What is said before the kernel's subshell stands waits behind a running cell, and what is said
  // to one that is just taken down is dropped: so it is said again until it is heard.
  const beat = () => {
    if (stopping) ask();
    show();
  };

  const watch = () => {
    if (status.running && store.connected) timer ??= setInterval(beat, SILENCE / 4);
    else {
      clearInterval(timer);
      timer = undefined;
    }
  };

  store.subscribe((changed) => {
    if (!changed.has("_live") && !changed.has("_append")) return;
    const before = status.running;
    status = store.state._live ?? status;
    heard = performance.now();
    // An explorer's model writes more than once.
    if (!before && status.running) stopping = false;
    show();
    watch();
    if (before && !status.running) say(ending(status, written(), stopping));
  }, signal);
  signal.addEventListener("abort", () => clearInterval(timer));
  show();
  watch();
}

function progress(count: string, rate: number | null): string {
  return rate === null ? count : `${count} · ${speed(rate)} tokens/s`;
}

/** As many digits as can be read while they change. */
function speed(rate: number): string {
  return rate < 100 ? rate.toFixed(1) : grouped(Math.round(rate));
}

function counted(tokens: number): string {
  return `${grouped(tokens)} ${tokens === 1 ? "token" : "tokens"}`;
}

function ending({ error }: LiveStatus, tokens: number, stopped: boolean): string {
  if (error !== null) return `Stopped by an error: ${error}`;
  return `${stopped ? "Stopped" : "Finished"} after ${counted(tokens)}`;
}
