/**
 * The explorer's text: a trace that begins with its prompt, and over it whose words they are, what
 * is asked about, what is held against it, and what was taken away.
 *
 * Positions are those of the whole text. The classes that it builds on are the renderer's, and come
 * in from outside: the explorer's bundle does not hold them.
 */

import type { Rect } from "../canvas/geometry.ts";
import type { Cell } from "../data/cell.ts";
import type { DrawingHost, Fact, PaintContext } from "../figure/drawing.ts";
import type { TraceState } from "../state/state.ts";
import { paintBands, type Turn } from "../trace/bands.ts";
import type { TraceDrawing as TraceDrawingClass } from "../trace/drawing.ts";
import type { Lens } from "../trace/lens.ts";
import type { paintRing as paintRingFunction } from "../trace/rings.ts";
import { runsOf } from "../trace/runs.ts";
import { turnsOf } from "./turns.ts";

/** Tokens of the prompt that the text was scored without. */
export interface Struck {
  start: number;
  /** The position after the last. */
  stop: number;
  how: "delete" | "mute" | "replace";
  /** What stands for them. */
  text: string | null;
}

export interface Marks {
  /** What is asked about: its first position and the one after its last. */
  span: readonly [start: number, stop: number] | null;
  /** The cell that it is held against: "why this, not that". */
  against: Cell | null;
  struck: Struck | null;
  /** The position that something outside the text points at. */
  ringed: number | null;
}

export const UNMARKED: Marks = { span: null, against: null, struck: null, ringed: null };

/** What the drawing takes of the renderer (js/glue/core.ts). */
export interface Base {
  TraceDrawing: typeof TraceDrawingClass;
  paintRing: typeof paintRingFunction;
  NUMBER_FONT: string;
}

/** From a run to the middle of its band. */
const ABOVE = 5;
const BELOW = 3;
/** Where a cell's label has its middle, as a share of its height, when a value stands under it. */
const LABEL_LINE = 0.33;
/** How much of what was taken away is veiled. */
const VEIL = 0.5;
const DASH = [4, 3];
const REPLACED_DASH = [3, 2];

export function explorerDrawing({ TraceDrawing, paintRing, NUMBER_FONT }: Base) {
  return class ExplorerDrawing extends TraceDrawing {
    /** Who sets them asks for a new picture. */
    marks: Marks = UNMARKED;
    /** The figure: its `invalidate` has also the tooltip and screen readers told anew. */
    host: DrawingHost | null = null;
    #shown!: TraceState;
    #turns: readonly Turn[] = [];

    attach(host: DrawingHost): void {
      this.host = host;
    }

    override update(state: TraceState, changed: ReadonlySet<string> | null): void {
      super.update(state, changed);
      const { prompt } = state.data;
      if (this.#shown?.data.prompt !== prompt) this.#turns = prompt ? turnsOf(prompt) : [];
      this.#shown = state;
    }

    override paint(context: PaintContext): void {
      const { span } = this.marks;
      this.#paintBands(context);
      // Of several tokens the outline says it.
      const several = span !== null && span[1] - span[0] > 1;
      const { lens } = this;
      this.lens = this.#lensOnWhatIsLeft();
      super.paint(several ? { ...context, selected: null } : context);
      this.lens = lens;
      this.#paintStruck(context);
      this.#paintHovered(context);
      this.#paintAgainst(context);
    }

    override get span(): Marks["span"] {
      const { span } = this.marks;
      return span !== null && span[1] - span[0] > 1 ? span : null;
    }

    override facts(cell: Cell): Fact[] {
      const [position, slot] = cell;
      const lines = super.facts(cell);
      const turn = this.#turnAt(position);
      if (turn >= 0) lines.push({ name: "turn", value: this.#turnInWords(turn) });
      if (slot === 0 && this.#isStruck(position)) {
        lines.splice(1, 0, { name: "taken away", value: this.#howStruck() });
      }
      if (this.#isAgainst(cell)) lines.splice(1, 0, { name: "compared", value: AGAINST });
      return lines;
    }

    override announce(cell: Cell): string {
      const [position, slot] = cell;
      const turn = this.#turnAt(position);
      const begins = turn >= 0 && this.#turns[turn].start === position;
      return [
        ...(begins ? [`turn ${this.#turnInWords(turn)}`] : []),
        super.announce(cell),
        ...(slot === 0 && this.#isStruck(position) ? [this.#howStruck()] : []),
        ...(slot === 0 && this.#isAsked(position) ? ["asked about"] : []),
        ...(this.#isAgainst(cell) ? [AGAINST] : []),
      ].join(", ");
    }

    /** What was taken away is plain: veiled, a colour and the text on it could not be read. */
    #lensOnWhatIsLeft(): Lens | null {
      const { lens, marks } = this;
      if (lens === null || marks.struck === null) return lens;
      const values = lens.values.slice();
      values.fill(Number.NaN, marks.struck.start, marks.struck.stop);
      return { ...lens, values };
    }

    #paintBands(context: PaintContext): void {
      const grid = this.#isGrid;
      const { first, last } = this.within(context.viewport);
      const banded = {
        ...{ turns: this.#turns, from: first, to: last + 1 },
        level: ({ y, height }: Rect) => (grid ? y - ABOVE : y + height + BELOW),
        runs: (start: number, stop: number) => this.#runs(start, stop),
        nameFont: grid ? NUMBER_FONT : null,
      };
      paintBands(banded, context);
    }

    /** What was taken away steps back; what is gone is struck through as well. */
    #paintStruck(context: PaintContext): void {
      const { struck } = this.marks;
      if (struck === null) return;
      const { ctx, theme } = context;
      const line = this.#isGrid && this.#shown.show_values ? LABEL_LINE : 0.5;
      ctx.save();
      ctx.fillStyle = theme.background;
      ctx.strokeStyle = theme.muted;
      ctx.lineWidth = 1.5;
      if (struck.how === "replace") ctx.setLineDash(REPLACED_DASH);
      for (const { x, y, width, height } of this.#seen(struck.start, struck.stop, context)) {
        ctx.globalAlpha = VEIL;
        ctx.fillRect(x, y, width, height);
        ctx.globalAlpha = 1;
        if (struck.how === "mute") continue;
        const level = y + height * line;
        ctx.beginPath();
        ctx.moveTo(x + 2, level);
        ctx.lineTo(x + width - 2, level);
        ctx.stroke();
      }
      ctx.restore();
    }

    /** What is pointed at can be asked about: the selection's colour, faintly. */
    #paintHovered(context: PaintContext): void {
      const { ctx, hovered, theme } = context;
      const { ringed } = this.marks;
      if (ringed !== null) {
        for (const box of this.boxes([ringed, 0])) {
          paintRing(ctx, box, { color: theme.accent, lineWidth: 3, halo: theme.background });
        }
      }
      if (hovered === null) return;
      ctx.save();
      ctx.globalAlpha = 0.5;
      ctx.strokeStyle = theme.accent;
      ctx.lineWidth = 1.5;
      for (const { x, y, width, height } of this.boxes(hovered)) {
        ctx.strokeRect(x - 1, y - 1, width + 2, height + 2);
      }
      ctx.restore();
    }

    #paintAgainst({ ctx, theme }: PaintContext): void {
      const { against } = this.marks;
      if (against === null) return;
      const { accent, background } = theme;
      for (const box of this.boxes(against)) {
        paintRing(ctx, box, { color: background, lineWidth: 2, halo: background });
        const { x, y, width, height } = box;
        ctx.save();
        ctx.setLineDash(DASH);
        ctx.strokeStyle = accent;
        ctx.lineWidth = 2;
        ctx.strokeRect(x - 1, y - 1, width + 2, height + 2);
        ctx.restore();
      }
    }

    /** The runs of what is in sight of some positions. */
    #seen(start: number, stop: number, { viewport }: PaintContext): Rect[] {
      const { first, last } = this.within(viewport);
      return this.#runs(Math.max(start, first), Math.min(stop, last + 1));
    }

    #runs(start: number, stop: number): Rect[] {
      const boxes: Rect[] = [];
      for (let position = start; position < stop; position++) {
        boxes.push(...this.boxes([position, 0]));
      }
      return runsOf(boxes);
    }

    get #isGrid(): boolean {
      return this.#shown.arrangement === "grid";
    }

    /** The number of the turn that a position is part of; -1 for none. */
    #turnAt(position: number): number {
      return this.#turns.findIndex(({ start, stop }) => position >= start && position < stop);
    }

    #turnInWords(turn: number): string {
      const { role } = this.#turns[turn];
      return `${turn + 1} of ${this.#turns.length}${role === null ? "" : `, ${role}`}`;
    }

    #isStruck(position: number): boolean {
      const { struck } = this.marks;
      return struck !== null && position >= struck.start && position < struck.stop;
    }

    #howStruck(): string {
      const { how, text } = this.marks.struck as Struck;
      if (how === "replace") return `replaced by “${text ?? ""}”`;
      return how === "delete" ? "deleted" : "muted";
    }

    #isAsked(position: number): boolean {
      const { span } = this.marks;
      return span !== null && position >= span[0] && position < span[1];
    }

    #isAgainst([position, slot]: Cell): boolean {
      const { against } = this.marks;
      return against?.[0] === position && against[1] === slot;
    }
  };
}

/** How the cell is called that the selected one is held against. */
const AGAINST = "held against the selected token";

export type ExplorerDrawing = InstanceType<ReturnType<typeof explorerDrawing>>;
