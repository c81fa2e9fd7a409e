/**
 * The trace as a drawing: the chosen path in wrapped rows, alternatives under each position.
 *
 * What changes together is computed together: probabilities with the data, the shown alternatives
 * and the grid with the data and the options that move cells, the rest at each paint. A new
 * colormap or range computes nothing here.
 */

import { LabelFitter } from "../canvas/label.ts";
import type { TextMeasure } from "../canvas/text.ts";
import { VALUE_FONT } from "../canvas/typography.ts";
import { Distribution } from "../color/distribution.ts";
import { type Extent, extentOf } from "../color/extent.ts";
import type { Cell, Drawing, Fact, PaintContext, Rect } from "../figure/drawing.ts";
import type { TraceState } from "../state.ts";
import { shownAlternatives } from "./alternatives.ts";
import { cellWidth, labelsToFit } from "./cellwidth.ts";
import { type ChannelValues, channelValues, PLAIN_DECIMALS } from "./channels.ts";
import { announce, type Facts, facts } from "./facts.ts";
import { cellValue } from "./format.ts";
import { BORDER_OUTSET, Grid, MARGIN, NUMBER_HEIGHT } from "./layout.ts";
import { paintTrace } from "./painter.ts";
import { probabilities } from "./probability.ts";
import { nearestCell, step } from "./step.ts";
import { tsv } from "./tsv.ts";

const NOTHING = new Float32Array(0);

export class TraceDrawing implements Drawing<TraceState> {
  readonly scrollPadding = { left: MARGIN, top: NUMBER_HEIGHT + BORDER_OUTSET };
  #state!: TraceState;
  /** Probabilities of the chosen tokens, and of all alternatives. */
  #probabilities: Float32Array = NOTHING;
  #alternativeProbabilities: Float32Array = NOTHING;
  /** What colours the cells, and is written in them. */
  #values!: ChannelValues;
  #extent!: Extent;
  #distribution: Distribution | null = null;
  /** How many alternatives each position shows. */
  #shown: Uint8Array = new Uint8Array(0);
  #labels!: LabelFitter;
  #grid!: Grid;
  /** Sorted widths of the labels that the columns are sized for; null until measured. */
  #labelWidths: Float32Array | null = null;
  /** The width that the grid was made for; null when it must be made anew. */
  #availableWidth: number | null = null;

  update(state: TraceState, changed: ReadonlySet<string> | null): void {
    this.#state = state;
    const { data } = state;
    const any = (...names: string[]) => changed === null || names.some((name) => changed.has(name));
    if (any("_data")) {
      this.#probabilities = probabilities(data.logprobs);
      this.#alternativeProbabilities = probabilities(data.alternative_logprobs);
      this.#labelWidths = null;
    }
    if (any("_data", "channel")) {
      this.#values = channelValues(data, state.channel);
      this.#extent = extentOf(...this.#colored);
      this.#distribution = null;
    }
    if (any("_data", "top_k", "min_probability")) {
      this.#shown = shownAlternatives(
        data.offsets,
        this.#alternativeProbabilities,
        state.top_k,
        state.min_probability,
      );
    }
    if (any("_data", "channel", "top_k", "min_probability", "row_length", "decimals")) {
      this.#availableWidth = null;
    }
    if (any("show_values")) this.#availableWidth = null;
  }

  layout(availableWidth: number, measure: TextMeasure): { width: number; height: number } {
    if (availableWidth !== this.#availableWidth) {
      const { data, row_length, show_values } = this.#state;
      this.#labelWidths ??= this.#measureLabels(measure);
      this.#grid = new Grid({
        positions: data.index.length,
        rowLength: row_length,
        cellWidth: cellWidth({
          labelWidths: this.#labelWidths,
          valueWidth: show_values ? this.#valueWidth(measure) : 0,
          columns: Math.max(1, Math.min(row_length, data.index.length)),
          availableWidth,
        }),
        shown: this.#shown,
        showValues: show_values,
      });
      this.#availableWidth = availableWidth;
    }
    return { width: this.#grid.width, height: this.#grid.height };
  }

  paint(context: PaintContext): void {
    const { data, decimals, show_values, border } = this.#state;
    const scene = {
      data,
      grid: this.#grid,
      labels: this.#labels,
      values: this.#values,
      alternativeProbabilities: this.#alternativeProbabilities,
      decimals,
      showValues: show_values,
      border,
    };
    paintTrace(scene, context);
  }

  hit(x: number, y: number): Cell | null {
    return this.#grid.hit(x, y);
  }

  rect(cell: Cell): Rect {
    return this.#grid.rect(this.#nearest(cell));
  }

  facts(cell: Cell): Fact[] {
    return facts(this.#facts(), this.#nearest(cell));
  }

  announce(cell: Cell): string {
    return announce(this.#facts(), this.#nearest(cell));
  }

  step(cell: Cell | null, key: string, ctrl: boolean): Cell | null {
    return step({ columns: this.#state.row_length, shown: this.#shown }, cell, key, ctrl);
  }

  /** Of every chosen token and every alternative: what is shown just now moves no colour. */
  extent(): Extent {
    return this.#extent;
  }

  distribution(): Distribution {
    this.#distribution ??= new Distribution(this.#extent, ...this.#colored);
    return this.#distribution;
  }

  valueAt(cell: Cell): number {
    const [position, slot] = this.#nearest(cell);
    const { chosen, alternatives } = this.#values;
    if (slot === 0) return chosen[position];
    return alternatives?.[this.#state.data.offsets[position] + slot - 1] ?? Number.NaN;
  }

  tsv(): string {
    const { data, channel } = this.#state;
    return tsv(data, this.#shown, { name: channel, values: this.#values });
  }

  get #colored(): Float32Array[] {
    const { chosen, alternatives } = this.#values;
    return alternatives === null ? [chosen] : [chosen, alternatives];
  }

  /** Of the widest value that may be written in a cell. */
  #valueWidth(measure: TextMeasure): number {
    const { decimals } = this.#state;
    const texts = [cellValue(0, decimals)];
    if (this.#values.alternatives === null) texts.push(cellValue(0, PLAIN_DECIMALS));
    for (const end of this.#extent.finite ?? []) texts.push(cellValue(end, decimals));
    return Math.max(...texts.map((text) => measure.width(text, VALUE_FONT)));
  }

  #measureLabels(measure: TextMeasure): Float32Array {
    const { data } = this.#state;
    const labels = new LabelFitter(data.vocabulary, measure);
    this.#labels = labels;
    const indices = labelsToFit(data, this.#alternativeProbabilities);
    return Float32Array.from(indices, (index) => labels.naturalWidth(index)).sort();
  }

  #facts(): Facts {
    return {
      data: this.#state.data,
      probabilities: this.#probabilities,
      alternativeProbabilities: this.#alternativeProbabilities,
      shown: this.#shown,
      decimals: this.#state.decimals,
      channel: this.#state.channel,
      values: this.#values,
    };
  }

  /** A filter may have hidden the cell that was selected; its neighbour stands in for it. */
  #nearest(cell: Cell): Cell {
    return nearestCell({ columns: this.#state.row_length, shown: this.#shown }, cell);
  }
}
