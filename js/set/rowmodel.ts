/**
 * The row that is open as the model of a trace's figure: its looks are the browser's own traits, so
 * that they stay from row to row; its data, and what is selected in it, are the row's.
 */

import type { Heard, Model } from "../state/model.ts";
import type { TraceWire } from "../wire/codec.ts";
import type { OpenedRow } from "./source.ts";

const OWN = new Set(["_kind", "_data", "_live", "selected", "flag", "category", "title"]);

export class RowModel implements Model {
  readonly #outer: Model;
  readonly #own = new Map<string, unknown>([
    ["_kind", "trace"],
    ["_data", nothing()],
    ["_live", null],
    ["selected", null],
    ["flag", null],
    ["category", null],
    ["title", ""],
  ]);
  readonly #listeners = new Map<string, Set<Heard>>();

  constructor(outer: Model) {
    this.#outer = outer;
  }

  get(name: string): unknown {
    return OWN.has(name) ? this.#own.get(name) : this.#outer.get(name);
  }

  set(name: string, value: unknown): void {
    if (OWN.has(name)) this.#own.set(name, value);
    else this.#outer.set(name, value);
  }

  save_changes(): void {
    this.#outer.save_changes();
  }

  on(event: string, listener: Heard): void {
    if (event === "msg:custom") return;
    if (!OWN.has(event.replace("change:", ""))) {
      this.#outer.on(event, listener);
      return;
    }
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event)?.add(listener);
  }

  off(event: string, listener: Heard): void {
    if (this.#listeners.has(event)) this.#listeners.get(event)?.delete(listener);
    else this.#outer.off(event, listener);
  }

  /** Shows another row. A mark that the reader chose stays where the row has it. */
  show({ data, flag, category }: OpenedRow): void {
    const has = (list: readonly { name: string }[] | undefined, name: unknown) =>
      list?.some((one) => one.name === name) ?? false;
    const keptFlag = has(data.flags, this.#own.get("flag"));
    const keptCategory = has(data.categories, this.#own.get("category"));
    if (!keptFlag) this.#own.set("flag", flag);
    if (!keptCategory) this.#own.set("category", category);
    this.#own.set("selected", null);
    this.#own.set("_data", data);
    for (const name of ["_data", "flag", "category", "selected"]) {
      for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
    }
  }
}

/** The data of a trace without a token. */
function nothing(): TraceWire {
  const leaf = (dtype: string, count = 0) => ({
    ...{ dtype, shape: [count] },
    view: new DataView(new ArrayBuffer(4 * count)),
  });
  return {
    ...{ facts: {}, channels: [] },
    vocabulary: { label: [], id: null, bytes: [], kind: "text" },
    index: leaf("uint32"),
    logprobs: leaf("float32"),
    ranks: leaf("int32"),
    entropies: leaf("float32"),
    offsets: leaf("uint32", 1),
    alternative_index: leaf("uint32"),
    alternative_logprobs: leaf("float32"),
  } as unknown as TraceWire;
}
