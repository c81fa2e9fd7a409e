/**
 * The trace as a drawing: the chosen path in wrapped rows with alternatives under each position, or
 * as running text.
 *
 * What changes together is computed together: probabilities with the data, the shown alternatives
 * and the grid with the data and the options that move cells, the rest at each paint. A new
 * colormap or range computes nothing here.
 */

import type { Readable } from "../a11y/readable.ts";
import type { Rect, Span } from "../canvas/geometry.ts";
import { LabelFitter } from "../canvas/label.ts";
import type { TextMeasure } from "../canvas/text.ts";
import { NUMBER_FONT, VALUE_FONT } from "../canvas/typography.ts";
import { Distribution } from "../color/distribution.ts";
import { type Extent, extentOf, joined } from "../color/extent.ts";
import { notationOf } from "../color/notation.ts";
import { grouped } from "../color/numbers.ts";
import type { ColorScale } from "../color/scale.ts";
import type { Cell } from "../data/cell.ts";
import { channelLook, channelNamed, channelValues } from "../data/channels.ts";
import { probabilities } from "../data/probability.ts";
import type { TokenTable } from "../data/tokens.ts";
import type { Drawing, Fact, Overview, PaintContext } from "../figure/drawing.ts";
import type { TraceState } from "../state/state.ts";
import { shownAlternatives } from "./alternatives.ts";
import type { Arrangement } from "./arrangement.ts";
import { categoryTurns, paintBands, type Turn } from "./bands.ts";
import { type Beyond, beyondOf, counted } from "./beyond.ts";
import { cellWidth, fittingLength, labelsToFit } from "./cellwidth.ts";
import { announce, type Facts, facts } from "./facts.ts";
import { type Flagged, flaggedBy, legendOf, percent } from "./flagged.ts";
import { Flow, type FlowSource } from "./flow/flow.ts";
import { FLOW_MARGIN, FLOW_TOP } from "./flow/layout.ts";
import { flowReadable } from "./flow/readable.ts";
import { AT_LEAST, cellValue, type Numbers, PLAIN, significant, written } from "./format.ts";
import { Grid, MARGIN } from "./layout.ts";
import { covers, type Lens } from "./lens.ts";
import { MATCH, markColor } from "./marks.ts";
import { type Pool, paintPool } from "./overview.ts";
import { paintTrace } from "./painter.ts";
import type { Paired } from "./paired.ts";
import { readable } from "./readable.ts";
import { paintRing } from "./rings.ts";
import { runsOf } from "./runs.ts";
import { nearestCell, step, type Walk } from "./step.ts";
import { inWords, spanLines, type TokenSpan } from "./summary.ts";
import { tsv } from "./tsv.ts";

/** Options that move cells. */
const MOVES_CELLS = [
  ...["top_k", "min_probability", "row_length", "decimals", "show_values"],
  ...["written", "show_rest", "category"],
];
/** From a run to the middle of its band: over the strip of numbers, or under running text. */
const ABOVE = 22;
const BELOW = 3;
const NOTHING = new Float32Array(0);

export class TraceDrawing implements Drawing<TraceState> {
  /** Colours some positions by other numbers. Nothing moves: who sets it asks for a new picture. */
  lens: Lens | null = null;
  #paired: Paired | null = null;
  #state!: TraceState;
  /** Probabilities of the chosen tokens, and of all alternatives. */
  #probabilities: Float32Array = NOTHING;
  #alternativeProbabilities: Float32Array = NOTHING;
  /** What colours the cells, and what is written in them. */
  #colors!: Numbers;
  #numbers!: Numbers;
  #extent!: Extent;
  #distribution: Distribution | null = null;
  #flagged: Flagged | null = null;
  #turns: readonly Turn[] = [];
  #beyond: Beyond | null = null;
  /** What is beyond the threshold, as a search marks what it found. */
  #beyondMarks: Uint8Array | null = null;
  /** How many alternatives each position shows. */
  #shown: Uint8Array = new Uint8Array(0);
  #labels!: LabelFitter;
  /** Where everything is, as it was laid out last: one of the two is in use. */
  #grid: Grid | null = null;
  #flow: Flow | null = null;
  /** Sorted widths of the labels that the columns are sized for; null until measured. */
  #labelWidths: Float32Array | null = null;
  /** What they were measured for. */
  #measured: { vocabulary: TokenTable | null; positions: number } = {
    vocabulary: null,
    positions: 0,
  };
  /** The width that the grid was made for; null when it must be made anew. */
  #availableWidth: number | null = null;
  /** What a search found: one flag per position. */
  #marks: Uint8Array | null = null;
  /** The overview's pixels; null when they must be pooled anew. */
  #pool: Pool | null = null;

  update(state: TraceState, changed: ReadonlySet<string> | null): void {
    this.#state = state;
    const { data } = state;
    if (this.#marks?.length !== data.index.length) this.#marks = null;
    const grown = changed?.has("_append") ?? false;
    const any = (...names: string[]) =>
      changed === null || names.some((name) => changed.has(name) || (grown && name === "_data"));
    const known = grown ? this.#colored.map(({ length }) => length) : [];
    if (any("_data") && !grown) this.#flow?.choose(null);
    if (any("_data")) {
      const [path, others] = grown ? [this.#probabilities, this.#alternativeProbabilities] : [];
      this.#probabilities = probabilities(data.logprobs, path);
      this.#alternativeProbabilities = probabilities(data.alternative_logprobs, others);
      if (!grown || this.#outgrown(state)) this.#labelWidths = null;
    }
    if (any("_data", "channel")) {
      this.#colors = this.#numbersOf(state.channel);
      // What a channel says of a position, later ones do not change.
      const added = this.#colored.map((values, i) => values.subarray(known[i] ?? 0));
      this.#extent = grown ? joined(this.#extent, extentOf(...added)) : extentOf(...added);
      this.#distribution = null;
      this.#pool = null;
    }
    if (any("_data", "channel", "decimals")) {
      this.#colors.notation = notationOf(this.#extent.finite, this.#colored, state.decimals);
    }
    if (any("_data", "channel", "decimals", "written")) {
      const { channel, written: other } = state;
      this.#numbers =
        other === null || other === channel ? this.#colors : this.#otherNumbers(other);
    }
    if (any("_data", "channel", "threshold", "beyond")) {
      const { channel, threshold, beyond } = state;
      const { chosen } = this.#colors.values;
      this.#beyond = threshold === null ? null : beyondOf(channel, chosen, { threshold, beyond });
      this.#beyondMarks = this.#beyond && new Uint8Array(chosen.length);
      for (const position of this.#beyond?.positions ?? []) {
        (this.#beyondMarks as Uint8Array)[position] = MATCH;
      }
    }
    if (any("_data", "flag")) this.#flagged = flaggedBy(data, state.flag);
    if (any("_data", "category")) {
      const category = data.categories?.find(({ name }) => name === state.category);
      this.#turns = category ? categoryTurns(category) : [];
    }
    if (any("_data", "top_k", "min_probability")) {
      this.#shown = shownAlternatives(
        data.offsets,
        this.#alternativeProbabilities,
        state.top_k,
        state.min_probability,
      );
    }
    if (any("_data", "_live", "channel", ...MOVES_CELLS)) {
      this.#availableWidth = null;
    }
    if (any("arrangement")) this.#availableWidth = null;
  }

  /** Two numbers in each cell of the path. Cells move: who sets it asks for a new layout. */
  set paired(paired: Paired | null) {
    this.#paired = paired;
    this.#availableWidth = null;
  }

  get scrollPadding(): { left: number; top: number } {
    return this.#grid === null
      ? { left: FLOW_MARGIN, top: FLOW_TOP }
      : { left: MARGIN, top: this.#grid.strip };
  }

  layout(availableWidth: number, measure: TextMeasure): { width: number; height: number } {
    if (availableWidth !== this.#availableWidth) {
      this.#labelWidths ??= this.#measureLabels(measure);
      if (this.#state.arrangement === "flow") {
        this.#flow ??= new Flow(measure);
        this.#flow.layout(this.#flowSource(), availableWidth);
        this.#grid = null;
      } else {
        this.#grid = this.#layGrid(this.#labelWidths, availableWidth, measure);
        this.#flow = null;
      }
      this.#availableWidth = availableWidth;
      this.#pool = null;
    }
    return { width: this.#place.width, height: this.#place.height };
  }

  #layGrid(labelWidths: Float32Array, availableWidth: number, measure: TextMeasure): Grid {
    const { data, row_length, show_values, show_rest, _live } = this.#state;
    const valueWidth = show_values ? this.#valueWidth(measure) : 0;
    const room = { labelWidths, valueWidth, availableWidth };
    const positions = data.index.length;
    const given = this.#given;
    /** Of the prompt and of what follows it, which have rows of their own, the longer. */
    const longer = Math.max(given, positions - given);
    const running = _live?.running ?? false;
    const rowLength = row_length ?? fittingLength(room, running ? Infinity : longer);
    const reserved = running ? rowLength : 0;
    return new Grid({
      positions,
      given,
      rowLength,
      reserved,
      cellWidth: cellWidth({
        ...room,
        columns: Math.max(1, reserved, Math.min(rowLength, longer)),
      }),
      shown: this.#shown,
      showValues: show_values,
      banded: this.#turns.length > 0,
      rests: show_rest,
      paired: show_values && this.#paired !== null,
    });
  }

  get #place(): Arrangement {
    return (this.#grid ?? this.#flow?.place) as Arrangement;
  }

  paint(context: PaintContext): void {
    const { data, show_values, show_rest, border } = this.#state;
    this.#paintBands(context);
    if (this.#grid === null) {
      this.#flow?.paint(this.#flowSource(), context);
      this.#paintSpan(context);
      return;
    }
    const scene = {
      data,
      grid: this.#grid,
      labels: this.#labels,
      values: this.#colors.values,
      write: (position: number, slot: number) => this.#written(position, slot),
      paired: this.#paired,
      rest: show_rest ? (position: number) => this.#rest(position) : null,
      flagged: this.#flagged,
      showValues: show_values,
      border,
      begun: this.#state._live?.running ?? false,
      marks: this.#marked,
      lens: this.lens,
    };
    paintTrace(scene, context);
    this.#paintSpan(context);
  }

  /**
   * Running text opens the alternatives of a token that is chosen, and closes them again; a prompt
   * has none to open.
   */
  choose(cell: Cell | null): boolean {
    const opens = cell === null || cell[0] < this.#given ? null : cell;
    const changed = this.#flow?.choose(opens) ?? false;
    if (changed) this.#availableWidth = null;
    return changed;
  }

  cut(x: number, y: number): { x: number; y: number } {
    return this.#place.cut(x, y);
  }

  hit(x: number, y: number): Cell | null {
    return this.#place.hit(x, y);
  }

  rect(cell: Cell): Rect {
    return this.#place.rect(this.#nearest(cell));
  }

  /** All that is seen of a cell, in as many boxes as it is broken into; none of one that is hidden. */
  boxes(cell: Cell): Rect[] {
    return this.#place.boxes(cell);
  }

  /** The positions whose rows or lines meet a stretch of the content. */
  within({ y, height }: Rect): Span {
    return this.#place.positionsBetween(y, y + height);
  }

  keepClear(cell: Cell): Rect {
    return this.#flow?.place.keepClear(cell) ?? this.rect(cell);
  }

  facts(cell: Cell): Fact[] {
    const nearest = this.#nearest(cell);
    const lines = facts(this.#facts(), nearest);
    const rest = this.#rest(nearest[0]);
    if (this.#state.show_rest && nearest[1] === 0 && !Number.isNaN(rest)) {
      lines.push({ name: "other", value: percent(rest) });
    }
    const { span } = this;
    if (span && nearest[1] === 0 && cell[0] >= span[0] && cell[0] < span[1]) {
      const value = spanLines(this.#state.data, span).join("\n");
      lines.push({ name: "selected", value, mono: true });
    }
    // In the grid the alternatives are to be seen.
    if (this.#flow !== null && nearest[1] === 0) lines.push(...this.#alternativeFacts(nearest[0]));
    return lines;
  }

  announce(cell: Cell): string {
    const [position, slot] = this.#nearest(cell);
    const sentence = announce(this.#facts(), [position, slot]);
    if (slot > 0) return sentence;
    const turn = this.#turns.find(({ start }) => start === position);
    const flag = this.#flagged?.marked[position] ? `, ${this.#flagged.meaning}` : "";
    return `${turn ? `${turn.role}, ` : ""}${sentence}${flag}`;
  }

  legend(): string[] {
    const { category, written, span, data } = this.#state;
    const beyond = this.#beyond;
    return [
      ...(this.#numbers === this.#colors ? [] : [`written: ${written}`]),
      ...(this.#flagged === null ? [] : [legendOf(this.#flagged)]),
      ...(this.#turns.length > 0 ? [`bands: ${category}`] : []),
      ...(beyond === null ? [] : [`${beyond.condition}: ${counted(beyond)}`]),
      ...(span === null ? [] : [inWords(data, span)]),
    ];
  }

  readable(cell: Cell): Readable {
    if (this.#grid !== null) return readable(this.#grid, cell);
    return flowReadable((this.#flow as Flow).place, cell);
  }

  step(cell: Cell | null, key: string, ctrl: boolean): Cell | null {
    if (this.#flow !== null) return this.#flow.step(cell, key, ctrl);
    return step(this.#rows, cell, key, ctrl);
  }

  /** Of every chosen token and every alternative: what is shown just now moves no colour. */
  extent(): Extent {
    return this.#extent;
  }

  distribution(): Distribution {
    this.#distribution ??= new Distribution(this.#extent, ...this.#colored);
    return this.#distribution;
  }

  scaleAt(cell: Cell): ColorScale | null {
    return this.#lensOn(cell)?.scale ?? null;
  }

  valueAt(cell: Cell): number {
    const [position, slot] = this.#nearest(cell);
    const lens = this.#lensOn(cell);
    if (lens !== null) return lens.values[position];
    const { chosen, alternatives } = this.#colors.values;
    if (slot === 0) return position < this.#given ? Number.NaN : chosen[position];
    return alternatives?.[this.#state.data.offsets[position] + slot - 1] ?? Number.NaN;
  }

  /** Several tokens that are selected together. */
  get span(): TokenSpan | null {
    return this.#state.span;
  }

  /** What is beyond the threshold; null without one. */
  get beyond(): Beyond | null {
    return this.#beyond;
  }

  /** Outlines positions, those that a search found; null for none. */
  mark(flags: Uint8Array | null): void {
    this.#marks = flags;
  }

  firstVisible({ y }: Rect): number {
    const { top } = this.scrollPadding;
    return Math.max(0, this.#place.positionsBetween(y + top, y + top).first);
  }

  anchor(visible: Rect): Cell {
    return [this.firstVisible(visible), 0];
  }

  describeView(visible: Rect): string {
    const { first, last } = this.within(visible);
    const given = this.#given;
    const before = first < given ? "prompt" : "";
    if (before && last < given) return before;
    const ends = [Math.max(first, given) + 1, last + 1, this.#shown.length];
    const [from, to, all] = ends.map((position) => grouped(position - given));
    return `${before && `${before}, `}positions ${from} to ${to} of ${all}`;
  }

  paintOverview(overview: Overview): void {
    const ratio = overview.ctx.getTransform().a;
    const width = Math.round(overview.width * ratio);
    const height = Math.round(overview.height * ratio);
    if (this.#pool?.width !== width || this.#pool.height !== height) {
      const { notable } = channelNamed(this.#state.channel);
      this.#pool = this.#place.pool(width, height, this.#colors.values.chosen, notable);
    }
    const marks = this.#marked;
    const rows = marks && this.#place.markedRows(height, marks);
    paintPool(this.#pool, rows && { color: markColor(overview.theme), rows }, overview);
  }

  /** What is outlined: what a search found, else what is beyond the threshold. */
  get #marked(): Uint8Array | null {
    return this.#marks ?? this.#beyondMarks;
  }

  tsv(): string {
    return tsv(this.#state.data, this.#shown, this.#colors, this.#numbers);
  }

  get #given(): number {
    return this.#state.data.given ?? 0;
  }

  /** The lens, where it covers a cell. */
  #lensOn(cell: Cell): Lens | null {
    const [position, slot] = this.#nearest(cell);
    return slot === 0 && covers(this.lens, position) ? this.lens : null;
  }

  /** Nothing is known of a prompt, and nothing is missing there. */
  get #colored(): Float32Array[] {
    return this.#known(this.#colors);
  }

  #known({ values: { chosen, alternatives } }: Numbers): Float32Array[] {
    const own = chosen.subarray(this.#given);
    return alternatives === null ? [own] : [own, alternatives];
  }

  #numbersOf(channel: string): Numbers {
    const values = channelValues(this.#state.data, channel, {
      chosen: this.#probabilities,
      alternatives: this.#alternativeProbabilities,
    });
    return { channel, values, notation: PLAIN };
  }

  /** Numbers that are written and colour nothing, in decimals that fit them. */
  #otherNumbers(channel: string): Numbers {
    const numbers = this.#numbersOf(channel);
    const known = this.#known(numbers);
    const { decimals } = channelLook(this.#state.data, channel);
    numbers.notation = notationOf(extentOf(...known).finite, known, decimals);
    return numbers;
  }

  /** The probability of all that a position does not show; NaN where that is not known. */
  #rest(position: number): number {
    const [first, end] = this.#state.data.offsets.subarray(position, position + 2);
    if (first === end) return Number.NaN;
    const shown = this.#alternativeProbabilities.subarray(first, first + this.#shown[position]);
    // What is not known of the chosen token is part of it.
    return Math.max(
      0,
      shown.reduce((left, p) => left - p, 1 - (this.#probabilities[position] || 0)),
    );
  }

  #paintBands(context: PaintContext): void {
    const { first, last } = this.within(context.viewport);
    const grid = this.#grid !== null;
    const banded = {
      ...{ turns: this.#turns, from: first, to: last + 1 },
      level: ({ y, height }: Rect) => (grid ? y - ABOVE : y + height + BELOW),
      runs: (start: number, stop: number) => {
        const boxes: Rect[] = [];
        for (let i = start; i < stop; i++) boxes.push(...this.boxes([i, 0]));
        return runsOf(boxes);
      },
      nameFont: grid ? NUMBER_FONT : null,
    };
    if (this.#turns.length > 0) paintBands(banded, context);
  }

  /** One outline around what stands side by side. */
  #paintSpan({ ctx, theme, viewport }: PaintContext): void {
    const { span } = this;
    if (span === null) return;
    const { first, last } = this.within(viewport);
    const boxes: Rect[] = [];
    for (let i = Math.max(span[0], first); i < Math.min(span[1], last + 1); i++) {
      boxes.push(...this.boxes([i, 0]));
    }
    for (const run of runsOf(boxes)) {
      paintRing(ctx, run, { color: theme.accent, lineWidth: 2, halo: theme.background });
    }
  }

  /** Of the widest value that may be written in a cell. */
  #valueWidth(measure: TextMeasure): number {
    const { values, notation } = this.#numbers;
    const { finite } =
      this.#numbers === this.#colors ? this.#extent : extentOf(...this.#known(this.#numbers));
    const bound = values.bounds ? AT_LEAST : "";
    const texts = [0, ...(finite ?? [])].map((end) => bound + cellValue(end, notation));
    if (values.alternatives === null) texts.push(cellValue(0, PLAIN));
    texts.push(...(this.#paired?.widest ?? []));
    return Math.max(...texts.map((text) => measure.width(text, VALUE_FONT)));
  }

  /** Have so many positions come that the columns should be sized anew? Seldom: cells move then. */
  #outgrown({ data, _live }: TraceState): boolean {
    const { vocabulary, positions } = this.#measured;
    return !_live?.running || data.vocabulary !== vocabulary || data.index.length > 1.2 * positions;
  }

  #measureLabels(measure: TextMeasure): Float32Array {
    const { data } = this.#state;
    this.#measured = { vocabulary: data.vocabulary, positions: data.index.length };
    const labels = new LabelFitter(data.vocabulary, measure);
    this.#labels = labels;
    const known = new Map<number, number>();
    const width = (index: number) => {
      const found = known.get(index) ?? labels.naturalWidth(index);
      known.set(index, found);
      return found;
    };
    return Float32Array.from(labelsToFit(data, this.#alternativeProbabilities), width).sort();
  }

  #flowSource(): FlowSource {
    const { data, min_probability } = this.#state;
    return {
      data,
      labels: this.#labels,
      shown: this.#shown,
      ...this.#colors.values,
      written: (position, slot) => this.#written(position, slot),
      leastProbability: min_probability,
      marks: this.#marked,
      flagged: this.#flagged,
      lens: this.lens,
    };
  }

  #written(position: number, slot: number): string {
    const { data } = this.#state;
    const alternativeProbabilities = this.#alternativeProbabilities;
    return written({ data, alternativeProbabilities, numbers: this.#numbers }, position, slot);
  }

  #alternativeFacts(position: number): Fact[] {
    const { vocabulary, offsets, alternative_index } = this.#state.data;
    const shown = this.#shown[position];
    if (shown === 0) return [];
    const lines = Array.from({ length: shown }, (_, i) => {
      const j = offsets[position] + i;
      const probability = significant(this.#alternativeProbabilities[j]);
      return `${probability}  ${vocabulary.label[alternative_index[j]]}`;
    });
    return [{ name: "alternatives", value: lines.join("\n"), mono: true }];
  }

  #facts(): Facts {
    return {
      data: this.#state.data,
      probabilities: this.#probabilities,
      alternativeProbabilities: this.#alternativeProbabilities,
      shown: this.#shown,
      colors: this.#colors,
      numbers: this.#numbers,
      lens: this.lens,
    };
  }

  /** A filter may have hidden the cell that was selected; its neighbour stands in for it. */
  #nearest(cell: Cell): Cell {
    return nearestCell(this.#rows, cell);
  }

  get #rows(): Walk {
    return { columns: this.#grid?.columns ?? 1, shown: this.#shown, given: this.#given };
  }
}
