/**
 * A comparison's drawing: the reference's trace, each cell of which holds what both say.
 *
 * The class that it builds on is the renderer's, and comes in from outside: the bundle of
 * comparisons does not hold it.
 */

import { fixed } from "../color/numbers.ts";
import type { Cell } from "../data/cell.ts";
import type { Fact, PaintContext } from "../figure/drawing.ts";
import type { TraceState } from "../state/state.ts";
import type { TraceDrawing as TraceDrawingClass } from "../trace/drawing.ts";
import { significant, UNKNOWN } from "../trace/format.ts";
import type { TokenSpan } from "../trace/summary.ts";
import { bothLogprobs, type Compared } from "./compared.ts";
import { PAIRS, type PairName, pairOf } from "./pair.ts";

export function comparisonDrawing(TraceDrawing: typeof TraceDrawingClass) {
  return class ComparisonDrawing extends TraceDrawing {
    /** What belongs to the data on show. */
    readonly #compared: () => Compared;
    #pair: PairName | null;
    #shown!: TraceState;
    /** The span of each token, counted from 1; null where each token is one. */
    #spans: Uint32Array | null = null;
    /** Is any span of several tokens? */
    #joins = false;

    constructor(compared: () => Compared, pair: PairName | null) {
      super();
      this.#compared = compared;
      this.#pair = pair;
    }

    override update(state: TraceState, changed: ReadonlySet<string> | null): void {
      super.update(state, changed);
      const anew = this.#shown?.data !== state.data;
      this.#shown = state;
      if (!anew) return;
      this.#spans = spanOfEach(state.data.index.length, this.#compared());
      this.#joins = this.#spans?.some((_, position) => this.#isJoined(position)) ?? false;
      this.pair = this.#pair;
    }

    /** What is written of both in the cells; null for one number. Who sets it asks for a layout. */
    set pair(pair: PairName | null) {
      this.#pair = pair;
      this.paired = pair && pairOf(this.#shown.data, this.#compared(), pair, this.#spans);
    }

    override paint(context: PaintContext): void {
      if (this.#spans !== null) this.#paintJoints(this.#spans, context);
      super.paint(context);
    }

    override facts(cell: Cell): Fact[] {
      const [first, ...rest] = super.facts(cell);
      const [position, slot] = cell;
      if (slot > 0) return [first, ...rest];
      const { names, choices } = this.#compared();
      const values = bothLogprobs(this.#shown.data, this.#compared());
      const whole = this.#isJoined(position) ? ", whole span" : "";
      const lines = values.map((logprobs, i) => ({
        name: `p in ${"ab"[i]}${whole}`,
        value: `${probability(logprobs[position])} (${names[i]})`,
      }));
      const likeliest = choices && this.#likeliest(position);
      if (likeliest) lines.push({ name: "likeliest in b", value: likeliest });
      return [first, ...lines, ...rest];
    }

    override announce(cell: Cell): string {
      const [position, slot] = cell;
      const sentence = super.announce(cell);
      if (slot > 0) return sentence;
      const [a, b] = bothLogprobs(this.#shown.data, this.#compared());
      const both = `probability ${probability(a[position])} in a, ${probability(b[position])} in b`;
      return `${sentence}, ${both}`;
    }

    override legend(): string[] {
      const { show_values, arrangement } = this.#shown;
      const seen = this.#pair !== null && show_values && arrangement === "grid";
      const joined = this.#joins ? ["joined: one span of the text"] : [];
      const lines = super.legend();
      // What a selected stretch comes to stands last.
      if (this.span !== null) lines[lines.length - 1] += this.#inOther(this.span);
      if (!seen) return [...lines, ...joined];
      // What would be written instead is not.
      const others = lines.filter((line) => !line.startsWith("written: "));
      return [
        `in the cells: ${PAIRS[this.#pair as PairName].label}, a over b`,
        ...others,
        ...joined,
      ];
    }

    /** What selected tokens come to in b; "" where they cut a span, or one of them is not known. */
    #inOther([start, stop]: TokenSpan): string {
      if (this.#goesOn(start) || this.#goesOn(stop)) return "";
      const [, b] = bothLogprobs(this.#shown.data, this.#compared());
      let sum = 0;
      for (let i = start; i < stop; i++) if (!this.#goesOn(i)) sum += b[i];
      return Number.isNaN(sum) ? "" : `, in b ${fixed(sum, 4)} nats`;
    }

    /** Is a token part of the span of the one before? */
    #goesOn(position: number): boolean {
      const spans = this.#spans;
      return spans !== null && spans[position] > 0 && spans[position] === spans[position - 1];
    }

    #likeliest(position: number): string | null {
      const { choices } = this.#compared();
      const label = choices?.tokens.label[choices.index[position]];
      if (choices === null || label === undefined) return null;
      return `${label}  ${probability(choices.logprobs[position])}`;
    }

    #isJoined(position: number): boolean {
      const spans = this.#spans;
      if (spans === null || spans[position] === 0) return false;
      return spans[position] === spans[position + 1] || spans[position] === spans[position - 1];
    }

    /** The tokens of a span look like one box, as far as they stand on one line. */
    #paintJoints(spans: Uint32Array, { ctx, scale, viewport }: PaintContext): void {
      const { first, last } = this.within(viewport);
      for (let position = Math.max(1, first); position <= last; position++) {
        const value = this.valueAt([position, 0]);
        const joined = spans[position] > 0 && spans[position] === spans[position - 1];
        if (!joined || Number.isNaN(value)) continue;
        const before = this.boxes([position - 1, 0]).at(-1);
        const after = this.boxes([position, 0])[0];
        if (before === undefined || after === undefined || before.y !== after.y) continue;
        const { x, width } = before;
        ctx.fillStyle = scale.css(value);
        ctx.fillRect(x + width, before.y, after.x - x - width, before.height);
      }
    }
  };
}

export type ComparisonDrawing = InstanceType<ReturnType<typeof comparisonDrawing>>;

function spanOfEach(tokens: number, { spans }: Compared): Uint32Array | null {
  if (spans === null) return null;
  const each = new Uint32Array(tokens);
  for (let i = 0; i < spans.length; i += 2) each.fill(i / 2 + 1, spans[i], spans[i + 1]);
  return each;
}

function probability(logprob: number): string {
  return Number.isNaN(logprob) ? UNKNOWN : significant(Math.min(1, Math.exp(logprob)));
}
