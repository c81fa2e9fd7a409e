/**
 * A set that is browsed: a table of its rows, and below it the figure of the one that is open.
 *
 * What is on show is a small state, the model's; the rows come from a source, a kernel or the page.
 */

import { CHANNELS, channelLook } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";
import { h, uniqueId } from "../dom.ts";
import type { Figure } from "../figure/figure.ts";
import type { Model } from "../state/model.ts";
import type { TraceState } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import { Bar } from "./bar.ts";
import type { Core } from "./core.ts";
import { Detail } from "./detail.ts";
import { Grid, ROW_HEIGHT } from "./grid.ts";
import { GroupTable } from "./groups.ts";
import type { Column } from "./head.ts";
import { KernelSource } from "./kernelsource.ts";
import { among, type Look, ranged, rangeOf, START, sameRows, turned } from "./look.ts";
import { PAGE_ROWS, Pages } from "./pages.ts";
import { type PageRows, PageSource } from "./pagesource.ts";
import { Panel } from "./panel.ts";
import { RowModel } from "./rowmodel.ts";
import type { Bars, OpenedRow, Source } from "./source.ts";

const TALL = 760;

interface Data {
  columns: readonly Column[];
  total: number;
  joined: boolean;
  channels: readonly { name: string; extent: [number, number] }[];
  rows?: PageRows;
}

export class SetBrowser {
  readonly element = h("div", {
    ...{ class: "tokenviz tokenviz-set tex2jax_ignore mathjax_ignore", role: "group" },
    ...{ "aria-label": "Set of traces", "data-lm-suppress-shortcuts": "true" },
  });
  readonly #core: Core;
  readonly #model: Model;
  readonly #signal: AbortSignal;
  readonly #data: Data;
  readonly #source: Source | null;
  readonly #store: Store<TraceState>;
  readonly #row: RowModel;
  readonly #grid: Grid;
  readonly #bar: Bar;
  readonly #panel: Panel;
  readonly #detail: Detail;
  readonly #groups: GroupTable;
  readonly #status = h("div", { class: "tokenviz-set-status", role: "status" });
  readonly #title = h("div", { class: "tokenviz-title" });
  readonly #note = h("p", { class: "tokenviz-set-said" });
  #figure: Figure<TraceState> | null = null;
  #look: Look;
  #columns: readonly string[];
  #marked: ReadonlySet<string>;
  #notes: Readonly<Record<string, string>>;
  #pages = new Pages();
  #total: number | null = null;
  /** Which rows, of which columns and channel, the pages hold. */
  #generation = 0;
  #wanted: number | null = null;
  #bars: ReadonlyMap<string, Bars> = new Map();
  #opened: (Omit<OpenedRow, "place"> & { place: number | undefined }) | null = null;
  #wantedRow: string | null = null;
  /** A row that was opened by its key is brought into view, also of rows that are still to come. */
  #revealed: string | null = null;
  #error: string | null = null;
  #channel: string;
  #waiting: (() => void)[] = [];
  #pending = 0;

  constructor(core: Core, model: Model, signal: AbortSignal) {
    this.#core = core;
    this.#model = model;
    this.#signal = signal;
    this.#data = model.get("_data") as Data;
    const { rows, columns } = this.#data;
    this.#source =
      rows != null ? new PageSource(rows) : model.send ? new KernelSource(model, signal) : null;
    this.#look = { ...START, ...(model.get("_look") as Look | null) };
    this.#columns = this.#read("columns", []);
    this.#marked = new Set(this.#read<string[]>("marked", []));
    this.#notes = this.#read("notes", {});
    this.#row = new RowModel(model);
    this.#store = new core.Store<TraceState>(this.#row, signal);
    this.#channel = this.#store.state.channel;
    this.#panel = new Panel((column) => {
      if (column === null) this.#bar.columnsButton.focus();
      else this.#grid.focusColumn(column);
    }, signal);
    const own = this.#data.channels.map(({ name }) => ({ name, label: name }));
    const all = Object.entries(CHANNELS).map(([name, channel]) => ({ name, label: channel.name }));
    this.#bar = new Bar({
      columns,
      channels: [...all, ...own],
      conditions: this.#source?.queries ?? false,
      change: (look) => this.#change(look),
      channel: (name) => this.#store.set({ channel: name, ...this.#lookOf(name) }),
      chooseColumns: () => this.#chooseColumns(),
      showMarked: () => this.#showMarked(),
      saveMarked: () => this.#saveMarked(),
      signal,
    });
    this.#grid = new Grid({
      id: uniqueId("set"),
      rows: this.#read("rows", 12),
      row: (place) => this.#pages.get(place),
      need: (first, end) => this.#need(first, end),
      marked: (key) => this.#marked.has(key),
      noted: (key) => Object.hasOwn(this.#notes, key),
      sort: (column) => this.#change(turned(this.#look, column)),
      range: (column, low, high) => this.#change(ranged(this.#look, column, low, high)),
      filter: (column) => void this.#filter(column),
      open: (place) => void this.#open({ place }),
      mark: (key) => this.#mark(key),
      note: (place) => void this.#open({ place }).then(() => this.#detail.focusNote()),
      find: () => this.#bar.search.focus(),
      signal,
    });
    this.#detail = new Detail({
      step: (by) => this.#step(by),
      close: () => this.#close(),
      mark: () => {
        if (this.#opened !== null) this.#mark(this.#opened.key);
      },
      note: (text) => this.#write(text),
      signal,
    });
    this.#groups = new GroupTable((by, value) =>
      this.#change({ ...among(this.#look, by, [value]), group: null }),
    );
    const hint = h(
      "div",
      { class: "tokenviz-set-hint" },
      "Enter opens or sorts · Space marks · F filters · N notes · / finds",
    );
    this.element.append(
      this.#title,
      this.#note,
      this.#bar.element,
      this.#panel.element,
      this.#groups.element,
      this.#grid.element,
      h("div", { class: "tokenviz-set-foot" }, this.#status, hint),
      this.#detail.element,
    );
    Object.defineProperty(this.element, "tokenvizSet", { value: this, enumerable: false });
    this.#grid.element.style.height = `${this.#read("rows", 12) * ROW_HEIGHT + 50}px`;
    this.#title.textContent = String(model.get("title") ?? "");
    this.#note.textContent =
      this.#source === null
        ? "The rows are with a kernel that is not there: run the cell."
        : (this.#source.said ?? "");
    this.#note.hidden = this.#note.textContent === "";
    this.#follow();
    this.#retheme();
    core.watchTheme(this.element, () => this.#retheme(), signal);
    this.#rescale();
    this.#showColumns();
    this.#show();
    this.#reload(true);
    const selected = this.#read<string | null>("selected", null);
    if (selected !== null) void this.#open({ key: selected });
  }

  // What tests hold on to.

  get look(): Look {
    return this.#look;
  }

  get total(): number | null {
    return this.#total;
  }

  /** Settles when nothing is waited for. */
  async settled(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#figure !== null && !this.#detail.element.hidden) await this.#figure.painted();
  }

  // The state, here and in the model.

  #read<T>(name: string, missing: T): T {
    return (this.#model.get(name) as T | null | undefined) ?? missing;
  }

  #tell(name: string, value: unknown): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  /** Hears what Python, and other views, change. */
  #follow(): void {
    const heard: Record<string, () => void> = {
      _look: () => {
        const look = { ...START, ...(this.#model.get("_look") as Look | null) };
        if (JSON.stringify(look) !== JSON.stringify(this.#look)) this.#change(look, false);
      },
      columns: () => {
        const columns = this.#read<string[]>("columns", []);
        if (columns.join("\n") === this.#columns.join("\n")) return;
        this.#columns = columns;
        this.#showColumns();
        this.#reload(false);
      },
      marked: () => {
        this.#marked = new Set(this.#read<string[]>("marked", []));
        this.#show();
      },
      notes: () => {
        this.#notes = this.#read("notes", {});
        this.#show();
      },
      selected: () => {
        const key = this.#read<string | null>("selected", null);
        if (key === this.#wantedRow) return;
        if (key === null) this.#close(false);
        else void this.#open({ key }, false);
      },
      title: () => {
        this.#title.textContent = String(this.#model.get("title") ?? "");
      },
    };
    for (const [name, listener] of Object.entries(heard)) {
      this.#model.on(`change:${name}`, listener);
      this.#signal.addEventListener("abort", () => this.#model.off(`change:${name}`, listener));
    }
    this.#store.subscribe((changed) => {
      if (changed.has("theme")) this.#retheme();
      const { channel } = this.#store.state;
      if (channel !== this.#channel) {
        this.#channel = channel;
        // The kernel hears of it first, or it would send the strips of another one.
        this.#store.flush();
        this.#reload(false);
      }
      this.#rescale();
      this.#show();
    }, this.#signal);
  }

  #change(look: Look, tell = true): void {
    const before = this.#look;
    this.#look = look;
    this.#error = null;
    if (tell) {
      this.#revealed = null;
      this.#tell("_look", look);
    }
    this.#show();
    if (look.group !== before.group || !sameRows(before, look)) void this.#showGroups();
    if (!sameRows(before, look)) this.#reload(true);
  }

  // The rows.

  #reload(top: boolean): void {
    if (this.#source === null) return;
    this.#generation += 1;
    this.#wanted = null;
    this.#grid.busy = true;
    void this.#first(top, this.#generation);
  }

  async #first(top: boolean, generation: number): Promise<void> {
    const pages = new Pages();
    const page = await this.#ask((source) =>
      source.rows(this.#look, 0, PAGE_ROWS, this.#columns, this.#channel),
    );
    if (page == null || generation !== this.#generation) return;
    pages.put(page);
    this.#pages = pages;
    this.#total = page.total;
    this.#wanted = null;
    this.#grid.busy = false;
    this.#grid.count(page.total, top);
    this.#show();
    const { key } = this.#opened ?? {};
    if (key !== undefined) {
      const place = await this.#ask((source) => source.place(this.#look, key));
      if (generation === this.#generation && this.#opened?.key === key && place !== null) {
        this.#opened = { ...this.#opened, place };
        if (place !== undefined && key === this.#revealed) this.#grid.go(place);
        this.#show();
      }
    }
    // One by one: whoever scrolls meanwhile does not wait for all of them.
    for (const column of this.#columns) {
      const bars = await this.#ask((source) => source.bars(this.#look, [column]));
      if (bars == null || generation !== this.#generation) return;
      this.#bars = new Map([...this.#bars, ...bars]);
      this.#showBars();
    }
  }

  #need(first: number, end: number): void {
    if (this.#source === null || this.#total === null) return;
    const start = this.#pages.missing(first, end);
    if (start === null || start === this.#wanted) return;
    if (this.#grid.element.getAttribute("aria-busy") === "true") return;
    this.#wanted = start;
    const generation = this.#generation;
    void this.#ask((source) =>
      source.rows(this.#look, start, PAGE_ROWS, this.#columns, this.#channel),
    ).then((page) => {
      if (page == null || generation !== this.#generation) return;
      this.#pages.put(page);
      if (this.#wanted === start) this.#wanted = null;
      this.#grid.refresh();
    });
  }

  /** What the source answers; undefined where it could not. */
  async #ask<T>(question: (source: Source) => Promise<T>): Promise<T | undefined> {
    if (this.#source === null) return undefined;
    this.#pending += 1;
    try {
      return await question(this.#source);
    } catch (error) {
      if (!this.#signal.aborted) {
        this.#error = error instanceof Error ? error.message : String(error);
        this.#grid.busy = false;
        this.#show();
      }
      return undefined;
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) queueMicrotask(() => this.#settle());
    }
  }

  #settle(): void {
    if (this.#pending > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  // The row that is open.

  async #open(which: { place: number } | { key: string }, tell = true): Promise<void> {
    if ("key" in which) this.#wantedRow = which.key;
    this.#revealed = "key" in which ? which.key : null;
    const row = await this.#ask((source) => source.open(this.#look, which));
    if (row === null) return;
    if (row === undefined) {
      if ("key" in which) {
        this.#error ??= `The table shows no row ${which.key}`;
        this.#show();
      }
      return;
    }
    this.#opened = row;
    this.#wantedRow = row.key;
    if (tell) this.#tell("selected", row.key);
    this.#row.show(row);
    this.#grid.opened = row.key;
    if ("key" in which) this.#grid.go(row.place);
    this.#show();
    if (this.#figure !== null) return;
    const { Figure, TraceDrawing, searchFeature } = this.#core;
    const drawing = new TraceDrawing();
    this.#figure = new Figure<TraceState>({
      ...{ store: this.#store, drawing, defaultHeight: TALL, signal: this.#signal },
      features: [searchFeature(drawing)],
    });
    this.#detail.hold(this.#figure.element);
  }

  #step(by: number): void {
    const place = this.#opened?.place;
    if (place === undefined || this.#total === null) return;
    const to = place + by;
    if (to < 0 || to >= this.#total) return;
    void this.#open({ place: to }).then(() => {
      if (this.#opened?.place === to) this.#grid.go(to);
    });
  }

  #close(tell = true): void {
    this.#opened = null;
    this.#wantedRow = null;
    this.#revealed = null;
    if (tell) this.#tell("selected", null);
    this.#detail.hide();
    this.#grid.opened = null;
    if (tell) this.#grid.element.focus();
  }

  #mark(key: string): void {
    const marked = new Set(this.#marked);
    if (!marked.delete(key)) marked.add(key);
    this.#marked = marked;
    this.#tell("marked", [...marked]);
    this.#show();
  }

  #write(text: string): void {
    const key = this.#opened?.key;
    if (key === undefined) return;
    const notes = Object.entries(this.#notes).filter(([known]) => known !== key);
    if (text !== "") notes.push([key, text]);
    this.#notes = Object.fromEntries(notes);
    this.#tell("notes", this.#notes);
    this.#show();
  }

  #showMarked(): void {
    const only = this.#look.filters.some((one) => "column" in one && one.column === "key");
    this.#change(among(this.#look, "key", only ? [] : [...this.#marked]));
  }

  /** The keys and notes of what is marked, as a file. */
  #saveMarked(): void {
    const rows = [...this.#marked].map((key) =>
      Object.hasOwn(this.#notes, key) ? { key, note: this.#notes[key] } : { key },
    );
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    const link = h("a", { download: "marked.jsonl" });
    link.href = URL.createObjectURL(new Blob(lines, { type: "application/jsonl" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // What is seen.

  #lookOf(channel: string) {
    const ends = this.#data.channels.find(({ name }) => name === channel)?.extent ?? [0, 1];
    const values = Float32Array.from(ends);
    const known = { channels: [{ name: channel, values }] };
    const own = this.#data.channels.some(({ name }) => name === channel);
    return channelLook((own ? known : { channels: [] }) as unknown as TraceData, channel);
  }

  #rescale(): void {
    const { findTable, ColorScale, resolveRange } = this.#core;
    const { state } = this.#store;
    const extent = this.#data.channels.find(({ name }) => name === state.channel)?.extent ?? [0, 1];
    const table = findTable(state.colormap, state._colormap_table) ?? findTable("Greens", null);
    const range = resolveRange(state, extent);
    const known = JSON.stringify([state.colormap, range]);
    if (known === this.#scaled) return;
    this.#scaled = known;
    this.#grid.scale = new ColorScale(table as Uint8Array, range);
  }
  #scaled = "";

  #retheme(): void {
    const before = this.element.dataset.tokenvizTheme;
    this.#core.applyTheme(this.element, this.#store.state.theme);
    if (before !== this.element.dataset.tokenvizTheme) this.#grid.repaint();
  }

  #showColumns(): void {
    const columns = this.#columns.map((name) => this.#column(name)).filter((one) => one !== null);
    this.#grid.columns = columns;
    this.#showBars();
  }

  #showBars(): void {
    this.#grid.bars(this.#bars, (column) => rangeOf(this.#look, column));
  }

  #column(name: string): Column | null {
    return this.#data.columns.find((one) => one.name === name) ?? null;
  }

  async #showGroups(): Promise<void> {
    const { group } = this.#look;
    if (group === null) {
      this.#groups.hide();
      return;
    }
    const by = this.#column(group);
    const groups = await this.#ask((source) => source.groups(this.#look, group, this.#columns));
    if (groups == null || by === null || this.#look.group !== group) return;
    this.#groups.show(groups, by, this.#data.columns);
  }

  async #filter(name: string): Promise<void> {
    const column = this.#column(name);
    if (column === null) return;
    if (column.kind === "number") {
      this.#panel.numbers(
        column,
        rangeOf(this.#look, name),
        this.#bars.get(name) ?? null,
        (low, high) => this.#change(ranged(this.#look, name, low, high)),
      );
      return;
    }
    const values = await this.#ask((source) => source.values(name));
    if (values == null) return;
    const kept = this.#look.filters.find((one) => "values" in one && one.column === name);
    this.#panel.values(column, values, kept && "values" in kept ? kept.values : [], (chosen) =>
      this.#change(among(this.#look, name, chosen)),
    );
  }

  #chooseColumns(): void {
    this.#panel.columns(this.#data.columns, this.#columns, (names) => {
      this.#columns = names;
      this.#tell("columns", names);
      this.#showColumns();
      this.#reload(false);
    });
  }

  #show(): void {
    const { sort } = this.#look;
    this.#bar.show(this.#look, this.#channel, this.#marked.size);
    this.#grid.sorted(sort?.by ?? null, sort?.descending ?? false);
    this.#showBars();
    this.#grid.refresh();
    const of = this.#data.total.toLocaleString("en");
    const total = this.#total?.toLocaleString("en");
    const rows = total === undefined ? "" : total === of ? `${of} rows` : `${total} of ${of} rows`;
    const text = this.#error ?? rows;
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.#status.toggleAttribute("data-tokenviz-error", this.#error !== null);
    if (this.#opened === null) return;
    const { key, place, said } = this.#opened;
    const note = Object.hasOwn(this.#notes, key) ? this.#notes[key] : "";
    this.#detail.show({
      ...{ key, place, said, note, total: this.#total ?? 0 },
      marked: this.#marked.has(key),
    });
  }
}
