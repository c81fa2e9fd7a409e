/**
 * One typed view of the synced state, over either model.
 *
 * A local change is seen at once by this view's listeners and reaches the model a little later, so
 * that dragging a slider never waits for a kernel. Until it has, whatever the model says about that
 * trait is an echo of something older and is ignored. Traits that the model does not have are not
 * synced but work locally.
 */

import type { TraceData } from "../data/trace.ts";
import { continues, grownFrom } from "../live/growing.ts";
import {
  decodeBytes,
  decodeHeatmap,
  decodeTrace,
  type HeatmapWire,
  type TilesWire,
  type TraceWire,
} from "../wire/codec.ts";
import { hear } from "./hear.ts";
import type { Heard, Model } from "./model.ts";
import type { FigureState } from "./state.ts";
import { HEATMAP_TRAITS, TRACE_TRAITS } from "./traits.ts";

/** Milliseconds from a local change to the model's. */
const SYNC_DELAY = 150;

type Listener = (changed: ReadonlySet<string>) => void;

/** The options that a view may set, whichever kind of figure it is. */
export type Patch<State> = Partial<Omit<State, "data" | "_kind" | "_colormap_table">>;

export class Store<State extends FigureState = FigureState> {
  readonly #model: Model;
  readonly #listeners = new Set<Listener>();
  /** Traits changed here and not yet handed to the model. */
  readonly #pending = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: State;

  constructor(model: Model, signal: AbortSignal) {
    this.#model = model;
    const names = model.get("_kind") === "trace" ? TRACE_TRAITS : HEATMAP_TRAITS;
    this.#state = Object.fromEntries(names.map((name) => this.#read(name))) as unknown as State;
    const listeners: [string, Heard][] = names.map((name) => [
      `change:${name}`,
      () => this.#receive(name),
    ]);
    listeners.push(["msg:custom", (content, buffers) => this.#hear(content, buffers)]);
    for (const [event, listener] of listeners) model.on(event, listener);
    signal.addEventListener("abort", () => {
      for (const [event, listener] of listeners) model.off(event, listener);
      this.flush();
    });
  }

  get state(): Readonly<State> {
    return this.#state;
  }

  /** Calls the listener after every change, with the names of the traits that changed. */
  subscribe(listener: Listener, signal: AbortSignal): void {
    this.#listeners.add(listener);
    signal.addEventListener("abort", () => this.#listeners.delete(listener));
  }

  /** Changes options here and now, and in the model soon. */
  set(patch: Patch<State>): void {
    const changed = Object.entries(patch)
      .filter(([name, value]) => !same(value, this.#state[name as keyof State]))
      .map(([name]) => name);
    if (changed.length === 0) return;
    this.#state = { ...this.#state, ...patch };
    for (const name of changed) this.#pending.add(name);
    this.#timer ??= setTimeout(() => this.flush(), SYNC_DELAY);
    this.#notify(new Set(changed));
  }

  /** Hands what is pending to the model now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.size === 0) return;
    const names = [...this.#pending];
    for (const name of names) this.#model.set(name, this.#state[name as keyof State]);
    this.#pending.clear();
    this.#model.save_changes();
  }

  /** Is there a kernel to talk to? A page that was exported has none. */
  get connected(): boolean {
    return this.#model.send !== undefined;
  }

  /** Says something to the kernel; false when there is none to hear it. */
  send(content: object): boolean {
    if (this.#model.send === undefined) return false;
    try {
      this.#model.send(content);
      return true;
    } catch {
      return false; // its connection is gone
    }
  }

  /** A trace that is being written grows: "_append" is among what changed, and `_data` is not. */
  #hear(content: unknown, buffers: unknown): void {
    const news = PAGE ? null : hear(this.#model, content, buffers);
    if (news === null) return;
    const grew = news.data !== this.#state.data;
    this.#state = { ...this.#state, data: news.data, _live: news.status };
    this.#notify(new Set(grew ? ["_append", "_live"] : ["_live"]));
  }

  #receive(name: string): void {
    if (this.#pending.has(name)) return;
    const [key, value] = this.#read(name);
    if (same(value, this.#state[key as keyof State])) return;
    const before = this.#state;
    this.#state = { ...this.#state, [key]: value };
    if (!PAGE && name === "_data" && "_live" in before && before._live !== null) {
      // At the end the whole is sent once more; where one was reading nothing changes.
      if (continues(before.data, value as TraceData)) {
        this.#notify(new Set(["_append"]));
        return;
      }
    }
    this.#notify(new Set([name]));
    // A cell that was selected in the old data is not that cell in the new.
    if (name !== "_data") return;
    for (const place of ["selected", "span"]) if (this.#pending.delete(place)) this.#receive(place);
  }

  #read(name: string): [string, unknown] {
    const value = this.#model.get(name);
    if (name === "_data") {
      if (this.#model.get("_kind") !== "trace")
        return ["data", decodeHeatmap(value as HeatmapWire | TilesWire)];
      const wire = value as TraceWire;
      const grown = PAGE ? null : grownFrom(wire);
      return ["data", grown?.data ?? decodeTrace(wire)];
    }
    if (name === "_colormap_table" && value != null) {
      const { name: map, table } = value as { name: string; table: DataView };
      return [name, { name: map, table: decodeBytes(table) }];
    }
    return [name, value ?? null];
  }

  #notify(changed: ReadonlySet<string>): void {
    for (const listener of this.#listeners) listener(changed);
  }
}

/** Equality of trait values: plain values, and pairs such as `selected`. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  return (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((item, i) => Object.is(item, b[i]))
  );
}
