/**
 * A set that is browsed: a table of its rows, and below it the figure of the one that is open.
 *
 * What is on show is a small state, the model's; the rows come from a source, a kernel or the page.
 */

import type { ColorScale } from "../color/scale.ts";
import type { Cell } from "../data/cell.ts";
import { CHANNELS, channelLook } from "../data/channels.ts";
import type { TraceData } from "../data/trace.ts";
import { h, uniqueId } from "../dom.ts";
import type { FigureParts } from "../figure/feature.ts";
import type { Figure } from "../figure/figure.ts";
import { watchPrint } from "../figure/paper.ts";
import type { Model } from "../state/model.ts";
import { type Owner, ownerOf } from "../state/owner.ts";
import type { TraceState } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import { Bar } from "./bar.ts";
import type { Core } from "./core.ts";
import { Detail } from "./detail.ts";
import { asLines, asTable, download, type MarkedRow } from "./download.ts";
import { Grid, ROW_HEIGHT } from "./grid.ts";
import { GroupTable } from "./groups.ts";
import type { Column } from "./head.ts";
import { hosted, type Managed } from "./hosting.ts";
import { KernelSource } from "./kernelsource.ts";
import { among, type Look, ranged, rangeOf, START, sameRows, turned } from "./look.ts";
import { PAGE_ROWS, Pages, type Row } from "./pages.ts";
import { type PageRows, PageSource } from "./pagesource.ts";
import { Panel } from "./panel.ts";
import { PRINTED, paper } from "./paper.ts";
import { PlaceList } from "./places.ts";
import { RowModel } from "./rowmodel.ts";
import type { Bars, OpenedRow, Source, Which } from "./source.ts";
import { focusOf } from "./spots.ts";
import { written } from "./written.ts";

const TALL = 760;
/** Tokens that are listed. */
const LISTED = 50;
/** Rows that are asked for at once where many are. */
const MANY = 128;
const DELTA = "Δ log-probability";
const SILENT = ({ name, again }: Owner) =>
  `No answer comes from ${name}: it is busy, or gone. What is seen stays as it was; if it is gone, ${again} again.`;

const counted = (rows: number) => `${rows.toLocaleString("en")} row${rows === 1 ? "" : "s"}`;

interface Data {
  columns: readonly Column[];
  total: number;
  joined: boolean;
  channels: readonly { name: string; extent: [number, number] }[];
  /** Of channels, what most rows stay within. */
  ranges?: Readonly<Record<string, [number, number]>>;
  /** Columns that have one value in all rows. */
  same?: readonly { name: string; label: string; value: string | number | boolean }[];
  /** The flag of the tokens that count. */
  mask?: string | null;
  /** How many rows could not be read, and where that is listed. */
  rejected?: string | null;
  /** Whether there is a model that rows are explored with. */
  explores?: boolean;
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
  #silent = false;
  #parts: FigureParts<TraceState> | null = null;
  readonly #places: PlaceList;
  readonly #same = h("p", { class: "tokenviz-set-said" });
  #scale: ColorScale | null = null;
  #paper: HTMLElement | null = null;
  #explorer: { reference: string; remove: () => void } | null = null;
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
      rows != null
        ? new PageSource(rows, this.#data.mask ?? null)
        : model.send
          ? new KernelSource(model, (silent) => this.#fallSilent(silent), signal)
          : null;
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
      saveMarked: (as) => void this.#saveMarked(as),
      worst: () => (this.#places.open ? this.#unlist() : void this.#list()),
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
      open: (place, column) => void this.#open({ place }, { about: column }),
      mark: (key) => this.#mark(key),
      note: (place) => void this.#open({ place }).then(() => this.#detail.focusNote()),
      find: () => this.#bar.search.focus(),
      signal,
    });
    this.#places = new PlaceList({
      go: ({ key, position }) => void this.#open({ key }, { position, told: true }),
      close: () => this.#unlist(),
      signal,
    });
    this.#detail = new Detail({
      explore: this.#data.explores
        ? () => {
            this.#tell("exploring", !this.#read("exploring", false));
            this.#explore();
          }
        : null,
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
      this.#same,
      this.#bar.element,
      this.#panel.element,
      this.#groups.element,
      this.#places.element,
      this.#grid.element,
      h("div", { class: "tokenviz-set-foot" }, this.#status, hint),
      this.#detail.element,
    );
    Object.defineProperty(this.element, "tokenvizSet", { value: this, enumerable: false });
    // A small set needs no room for rows that it does not have.
    const seen = Math.min(this.#read("rows", 12), Math.max(3, this.#data.total));
    this.#grid.element.style.height = `${seen * ROW_HEIGHT + 50}px`;
    this.#title.textContent = String(model.get("title") ?? "");
    this.#note.textContent =
      this.#source === null
        ? "The rows are with a kernel that is not there: run the cell."
        : [this.#source.said, this.#data.rejected].filter(Boolean).join(" ");
    this.#note.hidden = this.#note.textContent === "";
    const same = this.#data.same ?? [];
    const facts = same.map(({ label, value }) => `${label} ${written(value)}`);
    this.#same.textContent = `All rows: ${facts.join(" · ")}`;
    this.#same.hidden = same.length === 0;
    watchPrint(
      () => this.#print(),
      () => this.#printed(),
      signal,
    );
    signal.addEventListener("abort", () => this.#explorer?.remove());
    this.#follow();
    this.#retheme();
    core.watchTheme(this.element, () => this.#retheme(), signal);
    this.#rescale();
    this.#showColumns();
    this.#show();
    this.#reload(true);
    const selected = this.#read<string | null>("selected", null);
    if (selected !== null) {
      void this.#open({ key: selected }, { position: this.#lookedAt(selected), onPage: false });
    }
    this.#explore();
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
    this.#tellAll({ [name]: value });
  }

  /** The token of a row that is looked at, as far as the model knows. */
  #lookedAt(row: string): number | null {
    const [key, position] = this.#read<[string, number] | [null, null]>("_at", [null, null]);
    return key === row ? position : null;
  }

  #tellAll(values: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(values)) this.#model.set(name, value);
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
        else void this.#open({ key }, { tell: false, position: this.#lookedAt(key) });
      },
      _explorer: () => this.#explore(),
      _told: () => this.#explore(),
      exploring: () => this.#explore(),
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
        // Chosen in the figure, it comes with what fits the one row.
        const [vmin, vmax] = this.#data.ranges?.[channel] ?? [null, null];
        if (vmax !== null && changed.has("vmax")) this.#store.set({ vmin, vmax });
        // The kernel hears of it first, or it would send the strips of another one.
        this.#store.flush();
        this.#reload(false);
        if (this.#places.open) void this.#list();
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
    if (sameRows(before, look)) return;
    this.#reload(true);
    if (this.#places.open) void this.#list();
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
    this.#grid.words = this.#look.search;
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
    // What is printed is there before anybody prints.
    for (let start = PAGE_ROWS; start < Math.min(PRINTED, page.total); start += PAGE_ROWS) {
      if (this.#pages.missing(start, start + 1) === null) continue;
      const more = await this.#ask((source) =>
        source.rows(this.#look, start, PAGE_ROWS, this.#columns, this.#channel),
      );
      if (more == null || generation !== this.#generation) return;
      this.#pages.put(more);
    }
  }

  #fallSilent(silent: boolean): void {
    this.#silent = silent;
    if (silent) this.#grid.busy = false;
    this.#show();
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

  /**
   * With `onPage` the page follows, as where somebody asked for the row on it. `position` is a token
   * that is looked at, `about` a column whose number is of one; else it is the
   * one that the table is sorted by.
   */
  async #open(
    which: Which,
    {
      tell = true,
      told = false,
      position = null,
      about = null,
      onPage = tell,
    }: {
      tell?: boolean;
      told?: boolean;
      position?: number | null;
      about?: string | null;
      onPage?: boolean;
    } = {},
  ): Promise<void> {
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
    this.#detail.unhide();
    this.#row.show(row);
    const by = about ?? this.#look.sort?.by ?? null;
    const at = position ?? (by === null ? null : focusOf(this.#store.state.data, by));
    if (tell) this.#tellAll({ _at: at === null ? null : [row.key, at], selected: row.key });
    this.#grid.opened = row.key;
    if ("key" in which) this.#grid.go(row.place);
    this.#show();
    this.#hold();
    if (at !== null && at < this.#store.state.data.index.length) {
      const cell: Cell = [at, 0];
      this.#store.set({ selected: cell });
      this.#parts?.place(cell, onPage);
    }
    if (onPage) this.#detail.intoView();
    if (told) this.#parts?.say(`Row ${row.key}, token ${(at ?? 0) + 1}`);
  }

  /** The figure of open rows, made when the first is opened. */
  #hold(): void {
    if (this.#figure !== null) return;
    const { Figure, TraceDrawing, searchFeature } = this.#core;
    const drawing = new TraceDrawing();
    this.#figure = new Figure<TraceState>({
      ...{ store: this.#store, drawing, defaultHeight: TALL, signal: this.#signal },
      features: [
        searchFeature(drawing),
        (parts) => {
          this.#parts = parts;
        },
      ],
    });
    this.#detail.hold(this.#figure.element);
  }

  /** Puts the explorer that the kernel made into the figure's place, or says why there is none. */
  #explore(): void {
    const reference = this.#read<string | null>("_explorer", null);
    this.#detail.exploring = this.#read("exploring", false);
    if (reference === (this.#explorer?.reference ?? null)) {
      this.#show();
      return;
    }
    this.#explorer?.remove();
    this.#explorer = null;
    this.#detail.host(null);
    this.#show();
    if (reference === null) return;
    const view = hosted(this.#model as Managed, reference, (element) => {
      this.#detail.host(element);
    });
    this.#explorer = { reference, remove: view.remove };
    view.failed.catch((error: unknown) => {
      this.#error = `The explorer cannot be shown: ${error instanceof Error ? error.message : error}`;
      this.#show();
    });
  }

  // The worst tokens, in the place of the table.

  async #list(): Promise<void> {
    this.#bar.listing(true);
    this.#grid.element.hidden = true;
    this.#places.say("Looking for them …");
    const channel = this.#data.joined ? DELTA : this.#channel;
    const look = this.#look;
    const found = await this.#ask((source) => source.worst(look, channel, LISTED));
    if (found === null || !this.#places.open) return;
    if (found === undefined) {
      this.#unlist();
      return;
    }
    const named = this.#data.joined ? "change" : this.#store.state.label || channel;
    const among = found.mask === null ? "" : `, of those in ${found.mask}`;
    const n = found.places.length;
    const said =
      this.#total === 0
        ? "No row is like that."
        : n === 0
          ? `No token of the rows shown has a ${channel}.`
          : `The ${n} furthest out in ${named}, of all tokens of ${counted(this.#total ?? 0)}${among}`;
    const color = (value: number) =>
      channel === this.#channel ? (this.#scale?.css(value) ?? null) : null;
    this.#places.show(found.places, said, color);
    this.#places.focus();
  }

  #unlist(): void {
    this.#places.hide();
    this.#bar.listing(false);
    this.#grid.element.hidden = false;
    this.#grid.layout();
    if (this.#opened?.place !== undefined) this.#grid.go(this.#opened.place);
    this.#bar.focusWorst();
  }

  // On paper.

  #print(): void {
    this.#printed();
    if (this.#total === null) return;
    const rows: Row[] = [];
    for (let i = 0; i < Math.min(PRINTED, this.#total); i++) {
      const row = this.#pages.get(i);
      if (row === undefined) break;
      rows.push(row);
    }
    this.#paper = paper({
      ...{ rows, total: this.#total, scale: this.#scale },
      columns: this.#columns.map((name) => this.#column(name)).filter((one) => one !== null),
      marked: (key) => this.#marked.has(key),
      note: (key) => (Object.hasOwn(this.#notes, key) ? this.#notes[key] : null),
    });
    this.#grid.element.after(this.#paper);
  }

  #printed(): void {
    this.#paper?.remove();
    this.#paper = null;
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
    if (tell) this.#tellAll({ selected: null, _at: null });
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

  /** What is marked, with its notes and the columns that are shown, as a file. */
  async #saveMarked(as: "jsonl" | "csv"): Promise<void> {
    const columns = this.#columns;
    const keys = [...this.#marked];
    const known = new Map<string, MarkedRow["values"]>();
    for (let i = 0; i < keys.length; i += MANY) {
      const look = among(START, "key", keys.slice(i, i + MANY));
      const page = await this.#ask((source) => source.some(look, MANY, columns));
      page?.key.forEach((key, j) => {
        const values = columns.map((name) => [name, page.columns[name][j]]);
        known.set(key, Object.fromEntries(values));
      });
    }
    const rows = keys.map((key) => ({
      key,
      note: Object.hasOwn(this.#notes, key) ? this.#notes[key] : null,
      values: known.get(key) ?? {},
    }));
    if (as === "csv") download("marked.csv", asTable(rows, columns), "text/csv");
    else download("marked.jsonl", asLines(rows), "application/jsonl");
  }

  // What is seen.

  #lookOf(channel: string) {
    const ends = this.#data.channels.find(({ name }) => name === channel)?.extent ?? [0, 1];
    const values = Float32Array.from(ends);
    const known = { channels: [{ name: channel, values }] };
    const own = this.#data.channels.some(({ name }) => name === channel);
    const look = channelLook((own ? known : { channels: [] }) as unknown as TraceData, channel);
    const [vmin, vmax] = this.#data.ranges?.[channel] ?? [look.vmin, look.vmax];
    return { ...look, vmin, vmax };
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
    this.#scale = new ColorScale(table as Uint8Array, range);
    this.#grid.scale = this.#scale;
    const own = this.#data.ranges?.[state.channel];
    const why =
      own !== undefined && own[0] === state.vmin && own[1] === state.vmax
        ? "Nine of ten rows stay within; what is beyond has the colour of the end."
        : "As the colour bar of an open row has it.";
    this.#bar.ramp.show(this.#scale, range, why);
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
    const { total: all } = this.#data;
    const total = this.#total;
    const shown = total === null || total === all ? "" : `${total.toLocaleString("en")} of `;
    const rows = total === null ? "" : `${shown}${counted(all)}`;
    const text = this.#error ?? (this.#silent ? SILENT(ownerOf(this.#model)) : rows);
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.#status.toggleAttribute("data-tokenviz-error", this.#error !== null || this.#silent);
    if (this.#opened === null) return;
    const { key, place, prompt } = this.#opened;
    const said = this.#read("_told", "") || this.#opened.said;
    const note = Object.hasOwn(this.#notes, key) ? this.#notes[key] : "";
    this.#detail.show({
      ...{ key, place, said, note, prompt, total: this.#total ?? 0 },
      marked: this.#marked.has(key),
    });
  }
}
