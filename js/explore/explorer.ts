/**
 * The explorer: a prompt and what was written after it as one text, and around it what can be asked.
 *
 * The session says what is known and what is shown; everything that is seen is computed from it, and
 * after each change all parts are told what they show.
 */

import type { Theme } from "../canvas/theme.ts";
import { write } from "../color/notation.ts";
import type { ColorScale } from "../color/scale.ts";
import type { Cell } from "../data/cell.ts";
import type { TraceData } from "../data/trace.ts";
import { h } from "../dom.ts";
import type { FigureParts } from "../figure/feature.ts";
import type { Figure } from "../figure/figure.ts";
import type { Model } from "../state/model.ts";
import type { TraceState } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import { AnswerList } from "./answerlist.ts";
import { Beside, type Side } from "./beside.ts";
import { BranchTree } from "./branchtree.ts";
import type { Core } from "./core.ts";
import { type ExplorerDrawing, explorerDrawing } from "./drawing.ts";
import { Hint } from "./hint.ts";
import { addCommands, heardEverywhere } from "./keys.ts";
import { lineOf, QUIET, STEPS } from "./line.ts";
import { type Listing, listing } from "./listing.ts";
import { pathOf, tokenIn } from "./path.ts";
import { PathModel } from "./pathmodel.ts";
import { watchPointer } from "./pointer.ts";
import { isPending, type Standing } from "./questions.ts";
import { type Reading, rowsOf, subject, taken, whyReading, withoutReading } from "./reading.ts";
import { type Cause, Session } from "./session.ts";
import { type Mode, Tools } from "./tools.ts";
import { type Change, lengthOf, type Question, type Tree } from "./tree.ts";
import { Typing } from "./typing.ts";
import { uncover } from "./uncover.ts";
import { back, forward, type Look, redo, undo, type View } from "./view.ts";
import { WhyScale } from "./whyscale.ts";
import { around, type Unit } from "./words.ts";

/** The height beyond which the text scrolls, where nobody says: there is more below it. */
const TALL = 760;
/** Where there is less room, the lists stand below the text. */
const NARROW = 760;
/** Where there is less, two branches stand one below the other. */
const STACKED = 700;
/** The height of the attributions' colour bar: that of the rows beside it. */
const BAR_HEIGHT = 186;

const NOTHING = new Float32Array(0);

export class Explorer {
  readonly element = h("div", {
    class: "tokenviz tokenviz-explorer tex2jax_ignore mathjax_ignore",
    role: "group",
    "aria-label": "Explorer",
    "data-lm-suppress-shortcuts": "true",
  });
  readonly #core: Core;
  readonly #session: Session;
  readonly #path: PathModel;
  readonly #store: Store<TraceState>;
  readonly #drawing: ExplorerDrawing;
  readonly #figure: Figure<TraceState>;
  readonly #why: WhyScale;
  readonly #list: AnswerList;
  readonly #branches: BranchTree;
  readonly #beside: Beside;
  readonly #hint: Hint;
  readonly #tools: Tools;
  readonly #typing: Typing;
  readonly #line = h("div", { class: "tokenviz-explorer-line" });
  readonly #voice = h("div", { class: "tokenviz-unseen", role: "status", "aria-live": "polite" });
  #parts!: FigureParts<TraceState>;
  #theme!: Theme;
  #data: TraceData;
  /** What the data was joined from. */
  #joined: { branches: Tree["branches"]; branch: number };
  /** The branch beside, joined. */
  #second: { branches: Tree["branches"]; branch: number; data: TraceData } | null = null;
  #listing: readonly Listing[] = [];
  /** The reader asked for the trace's own colours. */
  #plain = false;
  /** What the text is coloured by; kept while the next answer is waited for, and after a while old. */
  #reading: Reading | null = null;
  #old = false;
  /** What the reading was made for. */
  #readIn: TraceData | null = null;
  /** What the list beside the text and its colour bar were told last. */
  #told: readonly unknown[] = [];
  /** The position that a row of the list points at. */
  #ringed: number | null = null;
  /** Where a stretch of tokens began and how far it reaches, while it is drawn. */
  #stretch: { from: number; to: number } | null = null;
  /** Tokens that the mouse is being dragged over: they are outlined, whatever is heard meanwhile. */
  #dragged: readonly [number, number] | null = null;
  /** Where the keys were when it was: elsewhere, another one begins. */
  #stretchedAt: number | null = null;
  #scale: { known: string; scale: ColorScale } | null = null;
  #tickTimer: ReturnType<typeof setTimeout> | undefined;
  /** What a voice said last. */
  #said: object | null = null;
  #saidRemark = "";
  #saidStanding: Standing | null = null;
  #waiting: (() => void)[] = [];
  #ready = false;
  /** Has it had a size? */
  #begun = false;

  constructor(core: Core, model: Model, signal: AbortSignal) {
    this.#core = core;
    // Before the figure inside looks: it is themed as what is around it.
    const sized = new ResizeObserver(() => this.#resize());
    sized.observe(this.element);
    core.watchTheme(this.element, () => this.#retheme(), signal);
    const session = new Session(model, (cause) => this.#changed(cause), signal);
    this.#session = session;
    this.#joined = { branches: session.tree.branches, branch: session.current };
    this.#data = pathOf(session.tree, session.current);
    this.#path = new PathModel(model, this.#data, session.live);
    this.#path.set("selected", this.#cellOf(session.view.selected));
    this.#store = new core.Store<TraceState>(this.#path, signal);
    this.#drawing = new (explorerDrawing(core))();
    this.#retheme();
    const measure = new core.TextMeasure(h("canvas").getContext("2d") as CanvasRenderingContext2D);
    this.#why = new WhyScale(core, model, measure, () => this.#update(), signal);
    this.#list = new AnswerList({
      scale: this.#why.element,
      ring: (position) => this.#point(position),
      jump: (position) => {
        this.#focus();
        this.#parts.goTo([position, 0]);
      },
      signal,
    });
    this.#branches = new BranchTree({
      show: (branch) => session.showBranch(branch),
      beside: (branch) => session.putBeside(branch),
      rename: (branch, name) => session.rename(branch, name),
      signal,
    });
    this.#beside = new Beside({
      close: () => session.show({ beside: null }),
      press: (side, position) => {
        const { beside } = session.view;
        session.selectIn(side === 1 && beside !== null ? beside : session.current, position);
      },
      signal,
    });
    this.#hint = new Hint(() => this.#update(), signal);
    this.#tools = new Tools({ ...this.#actions, lens: (mode) => this.#colour(mode), signal });
    this.#figure = new core.Figure<TraceState>({
      store: this.#store,
      drawing: this.#drawing,
      defaultHeight: TALL,
      features: [
        core.liveStatus,
        core.searchFeature(this.#drawing),
        core.thresholdFeature(this.#drawing),
        core.markControls,
        (parts) => this.#attach(parts),
      ],
      signal,
    });
    this.#typing = new Typing(this.element, () => this.#focus(), signal);
    this.element.append(
      h("div", { class: "tokenviz-explorer-top" }, this.#hint.element, this.#line),
      this.#tools.element,
      h(
        "div",
        { class: "tokenviz-explorer-main" },
        h("div", { class: "tokenviz-explorer-text" }, this.#figure.element, this.#beside.element),
        h("div", { class: "tokenviz-explorer-side" }, this.#list.element, this.#branches.element),
      ),
      this.#voice,
      this.#typing.element,
    );
    Object.defineProperty(this.element, "tokenvizExplorer", { value: this, enumerable: false });
    heardEverywhere(this.element, this.#actions, signal);
    this.#store.subscribe((changed) => {
      if (changed.has("selected")) this.#selected(this.#store.state.selected);
      if (changed.has("arrangement")) this.#open(this.#session.view.selected);
      if (changed.has("theme")) this.#retheme();
    }, signal);
    signal.addEventListener("abort", () => {
      sized.disconnect();
      this.#ready = false;
      clearTimeout(this.#tickTimer);
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
    this.#ready = true;
    this.#update();
  }

  /**
   * Shows what is asked about, which may stand far down in the text; the page stays where it is.
   * Before a first frame nothing has a size.
   */
  async #begin(): Promise<void> {
    await new Promise(requestAnimationFrame);
    await this.#figure.painted();
    if (!this.#ready) return;
    this.#open(this.#session.view.selected, false);
    await this.#figure.painted();
    this.element.dataset.tokenvizExplorerReady = "true";
  }

  // What tests hold on to.

  get view(): View {
    return this.#session.view;
  }

  get tree(): Tree {
    return this.#session.tree;
  }

  /** The values that the text is coloured by, or null for the trace's own. */
  get answer(): Float32Array | null {
    return this.#reading === null || this.#old ? null : this.#reading.values;
  }

  /** Where a cell is on the screen; positions count from the end of the prompt. */
  cell(position: number, slot: number): DOMRect {
    return this.#figure.rect([position + this.#session.given, slot]);
  }

  /** Settles when nothing is waited for, and what is known is painted. */
  async settled(): Promise<void> {
    if (this.#session.busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#ready) await this.#figure.painted();
  }

  // What the reader does.

  get #actions() {
    const session = this.#session;
    const turn = (move: () => void) => () => {
      this.#plain = false;
      this.#stretch = null;
      move();
    };
    return {
      enter: () => this.#enter(),
      go: () => session.go(),
      type: () => this.#type(),
      against: () => this.#against(),
      change: (how: Change["how"]) => this.#change(how),
      extend: (by: number) => this.#extend(by),
      back: turn(() => session.step(back)),
      forward: turn(() => session.step(forward)),
      undo: turn(() => session.undo(undo)),
      redo: turn(() => session.undo(redo)),
    };
  }

  #attach(parts: FigureParts<TraceState>): void {
    this.#parts = parts;
    const hit = (x: number, y: number) => this.#drawing.hit(x, y);
    addCommands(parts.commands, this.#actions);
    watchPointer({
      ...{ viewport: parts.viewport, hit, signal: parts.signal },
      drag: (from, to) => {
        this.#dragged = this.#draw(from, to);
      },
      drop: (from, to) => this.#take(this.#draw(from, to)),
      extend: (cell) => this.#clickedWithShift(cell),
      take: (position, unit) => this.#takeAround(position, unit),
      again: ([position, slot]) => this.#alone(position, slot),
    });
    uncover({ root: this.element, viewport: parts.viewport, hit, signal: parts.signal });
  }

  /** The figure's own selection: by click, by Enter, by Escape. */
  #selected(cell: Cell | null): void {
    const selected = this.#placed(cell);
    const now = this.#session.view.selected;
    if (selected?.[0] === now?.[0] && selected?.[1] === now?.[1]) return;
    this.#stretch = null;
    this.#plain = false;
    this.#session.select(selected);
  }

  /** Enter where something is selected already: asks what is not known, or goes on from there. */
  #enter(): boolean {
    const session = this.#session;
    const cell = this.#placed(this.#parts.current());
    const { selected } = session.view;
    if (cell === null || cell[0] !== selected?.[0] || cell[1] !== selected[1]) return false;
    if (this.#alone(cell[0] + session.given, cell[1])) return true;
    if (session.question === null) return false;
    this.#plain = false;
    if (session.answer === null || session.outcome !== null) {
      session.show({ outcome: null });
      session.ask();
      return true;
    }
    if (selected[1] === 0) return false;
    session.go();
    return true;
  }

  /** Of several selected tokens the first: chosen again, it is the only one. */
  #alone(position: number, slot: number): boolean {
    const { view, given } = this.#session;
    if (view.span === null || slot !== 0 || position - given !== view.selected?.[0]) return false;
    this.#stretch = null;
    this.#take([position, position + 1]);
    return true;
  }

  /** A field at the selected token, or at the end of the text. */
  #type(): void {
    const session = this.#session;
    const end = lengthOf(session.tree, session.current);
    const at = (session.view.selected ?? this.#placed(this.#parts.current()))?.[0] ?? end;
    const position = at < 0 ? end : Math.min(at, end);
    const token = tokenIn(this.#data, position + session.given, 0);
    const label = token === null ? "␣" : session.tree.vocabulary.label[token];
    this.#typing.ask({
      ...{ label: "What stands here instead", verb: "Go on", selected: false },
      text: label.startsWith("␣") ? " " : "",
      place: () => this.#placeOf(position),
      done: (text) => session.goOnFrom(position, text),
    });
  }

  /** The same text after a change of the prompt, which may have to be typed first. */
  #change(how: Change["how"]): boolean {
    const session = this.#session;
    const span = session.prompt;
    if (span === null) {
      session.say("Select tokens of the prompt first: drag, or Shift with the arrows.");
      return false;
    }
    this.#plain = false;
    const [start, stop] = span;
    const change = { branch: session.current, start, stop, how, text: null };
    if (how !== "replace") {
      session.without(change);
      return true;
    }
    const { vocabulary, prompt } = session.tree;
    const words = Array.from(prompt.index.subarray(start, stop), (i) => vocabulary.label[i]);
    this.#typing.ask({
      ...{ label: "What stands here instead", verb: "Replace", selected: true },
      text: words.join("").replaceAll("␣", " "),
      place: () => this.#placeOf(start - session.given),
      done: (text) => session.without({ ...change, text }),
    });
    return true;
  }

  #against(): void {
    const cell = this.#placed(this.#parts.current());
    if (cell !== null) this.#session.hold(cell);
  }

  #colour(mode: Mode): void {
    const session = this.#session;
    this.#plain = mode === "probability";
    if (mode === "without") session.show({ outcome: session.outcome ?? session.latestOutcome });
    else if (mode === "why" && session.outcome !== null) session.show({ outcome: null });
    if (mode === "why") session.ask();
    else this.#update();
  }

  // Several tokens; positions are those of the whole text.

  /** Draws a stretch while it grows; it stays on its side of the prompt's end. */
  #draw(from: number, to: number): [number, number] {
    const { given } = this.#session;
    const end = this.#data.index.length;
    const [least, most] = from < given ? [0, given - 1] : [given, end - 1];
    const within = Math.min(most, Math.max(least, to));
    this.#stretch = { from, to: within };
    const span: [number, number] = [Math.min(from, within), Math.max(from, within) + 1];
    this.#drawing.marks = { ...this.#drawing.marks, span };
    this.#parts.repaint();
    return span;
  }

  /** Selects tokens, and asks why they stand there. */
  #take(span: readonly [number, number], first = span[0]): void {
    this.#plain = false;
    this.#dragged = null;
    this.#session.show(this.#spanned(span, first));
    this.#session.ask();
    this.#stretchedAt = this.#parts.current()?.[0] ?? null;
  }

  #spanned([start, stop]: readonly [number, number], first: number): Partial<Look> {
    const { given } = this.#session;
    return {
      selected: [first - given, 0],
      span: stop === start + 1 ? null : [start - given, stop - given],
      ...{ against: null, outcome: null },
    };
  }

  #takeAround(position: number, unit: Unit): void {
    this.#stretch = null;
    this.#take(around(this.#data, position, unit));
  }

  /** Key by key: it is one step to go back, and asked about when it grows no more. */
  #extend(by: number): boolean {
    const session = this.#session;
    const cursor = this.#parts.current()?.[0];
    const before = cursor === this.#stretchedAt ? this.#stretch : null;
    const from = before?.from ?? cursor;
    if (from === undefined) return false;
    const span = this.#draw(from, (before?.to ?? from) + by);
    this.#plain = false;
    if (before === null) session.show(this.#spanned(span, from));
    else session.amend(this.#spanned(span, from));
    this.#stretchedAt = this.#parts.current()?.[0] ?? null;
    session.askSoon();
    return true;
  }

  #clickedWithShift(cell: Cell): void {
    const selected = this.#cellOf(this.#session.view.selected);
    const here = selected !== null && cell[0] === selected[0] && cell[1] !== selected[1];
    if (here) this.#session.hold(this.#placed(cell) as Cell);
    else if (selected !== null && cell[1] === 0) this.#take(this.#draw(selected[0], cell[0]));
    else this.#store.set({ selected: cell });
  }

  // What is seen.

  #changed(cause: Cause): void {
    if (!this.#ready) return;
    if (cause === "kernel") this.#stretch = this.#dragged = null;
    const { selected } = this.#session.view;
    const cell = this.#cellOf(selected);
    const before = this.#store.state.selected;
    const shown = this.#joined.branch;
    this.#follow();
    if (cell?.[0] !== before?.[0] || cell?.[1] !== before?.[1]) {
      this.#store.set({ selected: cell });
      this.#open(selected);
    }
    if (this.#joined.branch !== shown && cell === null) this.#reach(this.#joined.branch);
    this.#update();
  }

  #update(): void {
    if (!this.#ready) return;
    const session = this.#session;
    const { view, tree } = session;
    const mode = this.#mode;
    if (session.asked) this.#hint.end();
    this.#listing = listing(tree, view, session.status);
    this.#follow();
    this.#paint(mode);
    this.#branches.update(this.#listing);
    this.#compare();
    this.#tools.update({
      mode,
      why: session.question !== null,
      without: session.outcome !== null || session.latestOutcome !== null,
      go: session.canGo,
      prompt: session.prompt !== null,
      back: view.past.length > 0,
      forward: view.future.length > 0,
      undo: view.done.length > 0,
      redo: view.undone.length > 0,
    });
    this.#writeLine(mode);
    this.#tick();
    if (!session.busy) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  get #mode(): Mode {
    if (this.#plain) return "probability";
    if (this.#session.outcome !== null) return "without";
    return this.#session.question === null ? "probability" : "why";
  }

  /** Joins the path anew where the tree or the branch is another, and tells the figure. */
  #follow(): void {
    const { tree, current: branch, live, view } = this.#session;
    const { branches } = tree;
    const before = this.#joined;
    if (before.branches === branches && before.branch === branch) {
      this.#path.follow(live);
      return;
    }
    this.#joined = { branches, branch };
    this.#data = pathOf(tree, branch);
    if (before.branch === branch) this.#path.grow(this.#data, live);
    else this.#path.show(this.#data, live, this.#cellOf(view.selected));
  }

  #paint(mode: Mode): void {
    const session = this.#session;
    const now = this.#readingFor(mode);
    // What was painted stays until something else is known: faded, once the wait is felt.
    if (now === null && mode === "why" && session.waits && this.#reading?.kind === "why") {
      const { standing } = session;
      this.#old = standing !== null && performance.now() - standing.since > QUIET;
    } else {
      this.#reading = now;
      this.#old = false;
    }
    const reading = this.#reading;
    const values = reading?.values ?? NOTHING;
    const scale = this.#why.scale(values);
    this.#mark(reading, scale);
    const look = JSON.stringify([this.#theme, this.#old, devicePixelRatio]);
    const told = [reading, reading && this.#data, values, scale, look];
    // To be told the same again costs the page a layout, and a click tells several times.
    if (told.some((one, i) => one !== this.#told[i])) {
      this.#told = told;
      this.#tell(reading, values, scale);
    }
    this.#speak(reading);
  }

  /** What stands beside the text: the colours' scale, and what they say in numbers. */
  #tell(reading: Reading | null, values: Float32Array, scale: ColorScale): void {
    const label = reading?.label ?? "Attribution";
    this.#why.show(values, { label, height: BAR_HEIGHT, theme: this.#theme });
    const rows = reading === null ? [] : rowsOf(reading, this.#data, scale);
    this.#list.show({
      heading: reading?.heading ?? "What spoke for a token",
      rows,
      reach: Math.max(0, ...rows.map(({ value }) => Math.abs(value))),
      caption: reading?.caption ?? "",
      old: this.#old,
    });
  }

  #readingFor(mode: Mode): Reading | null {
    const { tree, question, answer, outcome, current } = this.#session;
    const data = this.#data;
    const { decimals } = this.#store.state;
    const kept = mode === "why" && answer !== null ? tree.answers[answer] : null;
    const source = kept ?? (mode === "without" && outcome !== null ? tree.outcomes[outcome] : null);
    if (source === null) return null;
    if (this.#reading?.source === source && this.#readIn === data) return this.#reading;
    this.#readIn = data;
    return kept !== null
      ? whyReading(data, question as Question, kept, decimals)
      : withoutReading(tree, data, current, outcome as number, decimals);
  }

  /** What the drawing shows over the trace. */
  #mark(reading: Reading | null, scale: ColorScale): void {
    const { span, selected, against } = this.#session.view;
    const { given } = this.#session;
    const marks = {
      span: this.#dragged ?? (span === null ? null : ([span[0] + given, span[1] + given] as const)),
      against:
        selected === null || against === null ? null : ([selected[0] + given, against] as const),
      struck: reading?.change ?? null,
      ringed: this.#ringed,
    };
    const shown = this.#old ? this.#why.faded(scale, this.#theme) : scale;
    const before = this.#drawing.lens;
    const same =
      before?.values === reading?.values && (reading === null || before?.scale === shown);
    if (same && JSON.stringify(marks) === JSON.stringify(this.#drawing.marks)) return;
    this.#drawing.marks = marks;
    this.#drawing.lens =
      reading === null
        ? null
        : {
            values: reading.values,
            scale: shown,
            write: (value) => write(value, reading.notation),
            name: reading.label.toLowerCase(),
          };
    this.#drawing.host?.invalidate();
  }

  /** An answer is said aloud when it comes to who asked. */
  #speak(reading: Reading | null): void {
    const { asked, remark } = this.#session;
    if (remark !== "" && remark !== this.#saidRemark) this.#voice.textContent = remark;
    this.#saidRemark = remark;
    if (!asked || this.#old) return;
    const source = reading?.source ?? null;
    if (reading !== null && source !== this.#said) this.#voice.textContent = reading.spoken;
    this.#said = source;
  }

  #point(position: number | null): void {
    this.#ringed = position;
    this.#drawing.marks = { ...this.#drawing.marks, ringed: position };
    this.#parts.repaint();
  }

  #compare(): void {
    const { tree, current, view } = this.#session;
    const { beside } = view;
    if (beside === null || beside >= tree.branches.length || beside === current) {
      this.#beside.show(null, null);
      return;
    }
    const side = (branch: number): Side => {
      const row = this.#listing.find((one) => one.branch === branch);
      const data = branch === current ? this.#data : this.#joinedBeside(branch);
      return { name: row?.name ?? "", numbers: row?.numbers ?? "", data };
    };
    this.#beside.show([side(current), side(beside)], this.#probabilityScale);
  }

  #joinedBeside(branch: number): TraceData {
    const { branches } = this.#session.tree;
    let known = this.#second;
    if (known === null || known.branches !== branches || known.branch !== branch) {
      known = { branches, branch, data: pathOf(this.#session.tree, branch) };
      this.#second = known;
    }
    return known.data;
  }

  /** As the text is coloured where it shows probabilities. */
  get #probabilityScale(): ColorScale {
    const { findTable, ColorScale, resolveRange } = this.#core;
    const { state } = this.#store;
    const own = state.channel === "probability";
    const plain = { vmin: 0, vmax: 1, center: null, gamma: 1, symmetric: false };
    const { vmin, vmax, center, gamma, symmetric } = own ? state : plain;
    const name = own ? state.colormap : "Greens";
    const known = JSON.stringify([name, vmin, vmax, center, gamma, symmetric]);
    if (this.#scale?.known !== known) {
      const table = findTable(name, state._colormap_table) ?? findTable("Greens", null);
      const range = resolveRange({ vmin, vmax, center, gamma, symmetric }, [0, 1]);
      this.#scale = { known, scale: new ColorScale(table as Uint8Array, range) };
    }
    return this.#scale.scale;
  }

  #writeLine(mode: Mode): void {
    const session = this.#session;
    const { question, change, status, view } = session;
    const standing = change?.standing ?? (mode === "why" ? session.standing : null);
    const about = question === null ? "" : `Why ${subject(this.#data, question)}`;
    const elsewhere = status?.running === true && status.branch !== session.current;
    const text = lineOf({
      ...{ remark: session.remark, standing, connected: session.connected, owner: session.owner },
      asked: change === null ? about : taken(session.tree, change.change),
      silence: session.silence,
      waited: standing === null ? 0 : performance.now() - standing.since,
      selected:
        session.prompt !== null && mode !== "without"
          ? "prompt"
          : question === null
            ? "nothing"
            : view.span === null && question.slot > 0
              ? "alternative"
              : "token",
      answered: session.answer !== null,
      writing: elsewhere ? "Another branch is being written." : null,
    });
    this.#line.textContent = text;
    const settled = standing !== null && !isPending(standing) ? standing : null;
    if (settled !== null && settled !== this.#saidStanding) this.#voice.textContent = text;
    this.#saidStanding = settled;
    const hinted = !this.#hint.done && text === "";
    this.#hint.element.classList.toggle("tokenviz-explorer-gone", !hinted);
    this.#line.classList.toggle("tokenviz-explorer-gone", hinted);
  }

  /** While something is waited for, what is said of it changes with time. */
  #tick(): void {
    clearTimeout(this.#tickTimer);
    const standing = this.#session.change?.standing ?? this.#session.standing;
    if (standing === null || !isPending(standing)) return;
    const waited = performance.now() - standing.since;
    const next = STEPS.find((step) => step > waited);
    if (next === undefined) return;
    this.#tickTimer = setTimeout(() => this.#update(), next - waited + 10);
  }

  /** Opens the alternatives of what is selected, where the text runs, and brings it into view. */
  #open(selected: Cell | null, onPage = true): void {
    this.#drawing.choose(null);
    const cell = this.#cellOf(selected);
    if (cell !== null) this.#drawing.choose([cell[0], 0]);
    this.#parts.relayout();
    if (cell !== null && this.element.isConnected) this.#parts.place(cell, onPage);
  }

  /** Another branch is seen from where it begins. */
  #reach(branch: number): void {
    const { position } = this.#session.tree.branches[branch];
    const last = this.#data.index.length - 1;
    const at = Math.min(position + this.#session.given, last);
    if (at >= 0 && this.element.isConnected) this.#parts.place([at, 0]);
  }

  #placeOf(position: number): DOMRect {
    const at = position + this.#session.given;
    const last = this.#data.index.length - 1;
    const rect = this.#drawing.rect([Math.max(0, Math.min(at, last)), 0]);
    const seen = this.#parts.viewport.toClient(rect);
    return at > last ? new DOMRect(seen.right, seen.top, 0, seen.height) : seen;
  }

  #focus(): void {
    this.#parts.viewport.element.focus({ preventScroll: true });
  }

  /** From positions that count from the end of the prompt to those of the whole text, and back. */
  #cellOf(cell: Cell | null): Cell | null {
    return cell === null ? null : [cell[0] + this.#session.given, cell[1]];
  }

  #placed(cell: Cell | null): Cell | null {
    return cell === null ? null : [cell[0] - this.#session.given, cell[1]];
  }

  #retheme(): void {
    const next = this.#core.applyTheme(this.element, this.#store.state.theme);
    if (JSON.stringify(next) === JSON.stringify(this.#theme)) return;
    this.#theme = next;
    this.#update();
  }

  #resize(): void {
    const { clientWidth: width } = this.element;
    this.element.toggleAttribute("data-tokenviz-narrow", width < NARROW);
    this.element.toggleAttribute("data-tokenviz-stacked", width < STACKED);
    if (width === 0) return;
    this.#retheme();
    if (this.#begun) return;
    this.#begun = true;
    void this.#begin();
  }
}
