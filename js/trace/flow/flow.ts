/**
 * The trace as running text: what is laid out anew when the width changes, and which alternatives
 * are open.
 */

import type { LabelFitter } from "../../canvas/label.ts";
import type { TextMeasure } from "../../canvas/text.ts";
import { VALUE_FONT } from "../../canvas/typography.ts";
import { compact } from "../../color/numbers.ts";
import type { Cell } from "../../data/cell.ts";
import type { TokenTable } from "../../data/tokens.ts";
import type { TraceData } from "../../data/trace.ts";
import type { PaintContext } from "../../figure/drawing.ts";
import { LEAST_PADDING } from "../cellwidth.ts";
import type { Flagged } from "../flagged.ts";
import type { Lens } from "../lens.ts";
import { FLOW_MARGIN, FlowLayout } from "./layout.ts";
import { breakLines, type Lines } from "./lines.ts";
import { openedRow } from "./opened.ts";
import { paintFlow } from "./painter.ts";
import { FlowTokens } from "./pieces.ts";
import { flowStep } from "./step.ts";

const NARROWEST_CHIP = 36;
const WIDEST_CHIP = 110;
const NARROWEST_TEXT = 60;

export interface FlowSource {
  data: TraceData;
  labels: LabelFitter;
  /** How many alternatives each position shows. */
  shown: Uint8Array;
  /** What colours the tokens, and the alternatives; null where a channel says nothing of those. */
  chosen: Float32Array;
  alternatives: Float32Array | null;
  /** The number under an alternative. */
  written: (position: number, slot: number) => string;
  leastProbability: number;
  marks: Uint8Array | null;
  flagged: Flagged | null;
  lens: Lens | null;
}

export class Flow {
  readonly #measure: TextMeasure;
  /** The looks of the tokens, while the vocabulary is the same. */
  #tokens: FlowTokens | null = null;
  #vocabulary: TokenTable | null = null;
  #index: Uint32Array | null = null;
  #room = 0;
  #broken: readonly { room: number; lines: Lines }[] = [];
  #layout!: FlowLayout;
  /** The position whose alternatives are open. */
  #open: number | null = null;

  constructor(measure: TextMeasure) {
    this.#measure = measure;
  }

  get place(): FlowLayout {
    return this.#layout;
  }

  /** Breaks the lines, where they are not broken yet, and opens what is open. */
  layout(source: FlowSource, availableWidth: number): void {
    const { vocabulary, index, given = 0 } = source.data;
    const room = Math.max(NARROWEST_TEXT, availableWidth - 2 * FLOW_MARGIN);
    if (this.#tokens === null || vocabulary !== this.#vocabulary) {
      this.#tokens = new FlowTokens(vocabulary, this.#measure);
      this.#vocabulary = vocabulary;
      this.#index = null;
    }
    if (index !== this.#index) {
      this.#index = index;
      this.#broken = [];
      if (this.#open !== null && this.#open >= index.length) this.#open = null;
    }
    const lines = this.#linesFor(index, this.#tokens, room);
    if (lines !== this.#layout?.lines || given !== this.#layout.given) {
      this.#layout = new FlowLayout(lines, room, given);
    }
    this.#room = room;
    this.#layout.opened = this.#open === null ? null : this.#openedRow(source, this.#open);
  }

  /** Opens a token's alternatives, or closes them; says whether anything moves. */
  choose(cell: Cell | null): boolean {
    const before = this.#open;
    if (cell === null) this.#open = null;
    else if (cell[1] === 0) this.#open = cell[0] === before ? null : cell[0];
    return this.#open !== before;
  }

  step(cell: Cell | null, key: string, ctrl: boolean): Cell | null {
    return flowStep(this.#layout, cell, key, ctrl);
  }

  paint(source: FlowSource, context: PaintContext): void {
    const least = compact(source.leastProbability, 6);
    const none =
      source.data.offsets.length > 1 && this.#open !== null && this.#hasAny(source, this.#open)
        ? `no alternative of at least ${least}`
        : "no alternatives are known";
    paintFlow({ ...source, layout: this.#layout, none }, context);
  }

  /** Lines are asked for with and without room for a scroll bar: both are kept. */
  #linesFor(index: Uint32Array, tokens: FlowTokens, room: number): Lines {
    const known = this.#broken.find((each) => each.room === room);
    if (known !== undefined) return known.lines;
    const lines = breakLines(index, tokens, room);
    this.#broken = [...this.#broken, { room, lines }].slice(-2);
    return lines;
  }

  #hasAny({ data: { offsets } }: FlowSource, position: number): boolean {
    return offsets[position + 1] > offsets[position];
  }

  #openedRow(source: FlowSource, position: number) {
    const { data, labels, shown, written } = source;
    const widths = Array.from({ length: shown[position] }, (_, i) => {
      const label = labels.naturalWidth(data.alternative_index[data.offsets[position] + i]);
      const value = this.#measure.width(written(position, i + 1), VALUE_FONT);
      const width = Math.ceil(Math.max(label, value)) + 2 * LEAST_PADDING + 6;
      return Math.min(this.#room, Math.max(NARROWEST_CHIP, Math.min(WIDEST_CHIP, width)));
    });
    const { lines } = this.#layout;
    const anchor = lines.x[lines.first[position + 1] - 1];
    return openedRow({ position, widths, anchor, room: this.#room });
  }
}
