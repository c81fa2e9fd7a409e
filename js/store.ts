/**
 * One typed view of the synced state, over either model.
 *
 * A local change is seen at once by this view's listeners and reaches the model a little later, so
 * that dragging a slider never waits for a kernel. Until it has, whatever the model says about that
 * trait is an echo of something older and is ignored. Traits that the model does not have are not
 * synced but work locally.
 */

import {
  decodeBytes,
  decodeHeatmap,
  decodeTrace,
  type HeatmapWire,
  type TilesWire,
  type TraceWire,
} from "./codec.ts";
import type { Model } from "./model.ts";
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
    const listeners = names.map((name) => [`change:${name}`, () => this.#receive(name)] as const);
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

  #receive(name: string): void {
    if (this.#pending.has(name)) return;
    const [key, value] = this.#read(name);
    if (same(value, this.#state[key as keyof State])) return;
    this.#state = { ...this.#state, [key]: value };
    this.#notify(new Set([name]));
    // A cell that was selected in the old data is not that cell in the new.
    if (name === "_data" && this.#pending.delete("selected")) this.#receive("selected");
  }

  #read(name: string): [string, unknown] {
    const value = this.#model.get(name);
    if (name === "_data") {
      const trace = this.#model.get("_kind") === "trace";
      return [
        "data",
        trace ? decodeTrace(value as TraceWire) : decodeHeatmap(value as HeatmapWire | TilesWire),
      ];
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
