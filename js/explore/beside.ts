/**
 * Two branches side by side: their texts in two columns, aligned where they fork and where they meet
 * again.
 *
 * Tokens are coloured by their probability; what differs is underlined and stands beside a rule, so
 * that it is seen without colours.
 */

import type { ColorScale } from "../color/scale.ts";
import { icon, toolButton } from "../controls/toolbutton.ts";
import type { TraceData } from "../data/trace.ts";
import { h, svg } from "../dom.ts";
import { octetsOf } from "../wire/tokens.ts";
import { type AlignedRow, align, rowsOf } from "./align.ts";

export interface Side {
  name: string;
  numbers: string;
  data: TraceData;
}

export interface BesideOptions {
  close: () => void;
  /** A token of the left or the right text was pressed. */
  press: (side: 0 | 1, position: number) => void;
  signal: AbortSignal;
}

export class Beside {
  readonly element: HTMLElement;
  readonly #grid = h("div", { class: "tokenviz-explorer-columns", tabindex: 0 });
  readonly #close: HTMLButtonElement;
  #shown: { sides: readonly [Side, Side]; scale: ColorScale } | null = null;

  constructor({ close, press, signal }: BesideOptions) {
    this.#close = toolButton({
      ...{ control: "beside-close", label: "Close the comparison", signal, press: close },
      icon: icon(svg("path", { d: "M4 4l8 8M12 4l-8 8" })),
    });
    this.#grid.addEventListener(
      "click",
      (event) => {
        const token = (event.target as Element).closest<HTMLElement>("[data-tokenviz-at]");
        if (token === null) return;
        press(token.dataset.tokenvizSide === "1" ? 1 : 0, Number(token.dataset.tokenvizAt));
      },
      { signal },
    );
    this.element = h(
      "section",
      {
        class: "tokenviz-explorer-beside",
        role: "group",
        "aria-label": "Two branches side by side",
        hidden: true,
      },
      h(
        "div",
        { class: "tokenviz-explorer-head" },
        h(
          "div",
          { class: "tokenviz-explorer-heading", role: "heading", "aria-level": 3 },
          "Side by side",
        ),
        this.#close,
      ),
      this.#grid,
    );
  }

  /** Shows two texts, or with null none. */
  show(sides: readonly [Side, Side] | null, scale: ColorScale | null): void {
    this.element.hidden = sides === null;
    if (sides === null || scale === null) {
      this.#grid.replaceChildren();
      this.#shown = null;
      return;
    }
    const before = this.#shown;
    const as = (i: 0 | 1) =>
      before?.sides[i].data.index === sides[i].data.index && before.sides[i].name === sides[i].name;
    if (before !== null && as(0) && as(1) && before.scale === scale) return;
    this.#shown = { sides, scale };
    const [a, b] = sides.map(({ data }) => data.index.subarray(data.given ?? 0));
    const heads = sides.map(({ name, numbers }) =>
      h(
        "div",
        { class: "tokenviz-explorer-column-head" },
        h("strong", {}, name),
        h("span", { class: "tokenviz-explorer-numbers" }, numbers),
      ),
    );
    const blocks = rowsOf(align(a, b)).flatMap((row) => [
      block(sides[0].data, scale, 0, row),
      block(sides[1].data, scale, 1, row),
    ]);
    this.#grid.replaceChildren(...heads, ...blocks);
    this.#grid.ariaLabel = `${sides[0].name} beside ${sides[1].name}`;
    this.#grid.setAttribute("role", "group");
  }
}

function block(data: TraceData, scale: ColorScale, side: 0 | 1, row: AlignedRow): HTMLElement {
  const words: Node[] = row.parts.flatMap((part) => {
    const [start, stop] = side === 0 ? part.a : part.b;
    return Array.from({ length: stop - start }, (_, i) =>
      word(data, scale, side, start + i, part.same),
    );
  });
  if (words.length === 0) {
    words.push(h("span", { class: "tokenviz-explorer-nothing" }, "nothing here"));
  }
  const attributes = { class: "tokenviz-explorer-block", "data-tokenviz-side": side };
  return h("div", { ...attributes, "data-tokenviz-differs": !row.same }, ...words);
}

function word(
  data: TraceData,
  scale: ColorScale,
  side: 0 | 1,
  position: number,
  same: boolean,
): HTMLElement {
  const at = (data.given ?? 0) + position;
  const p = Math.min(1, Math.exp(data.logprobs[at]));
  const token = h("span", {
    class: "tokenviz-explorer-word",
    "data-tokenviz-at": position,
    "data-tokenviz-side": side,
    "data-tokenviz-other": !same,
    title: Number.isNaN(p) ? "probability unknown" : `probability ${p.toPrecision(3)}`,
  });
  token.textContent = readable(data, at);
  if (!Number.isNaN(p)) {
    token.style.background = scale.css(p);
    token.style.color = scale.textOn(p);
  }
  return token;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** As it reads; a token that is no whole characters, by its label. */
function readable({ vocabulary, index }: TraceData, at: number): string {
  const label = vocabulary.label[index[at]];
  if (vocabulary.kind[index[at]] !== "text") return label;
  try {
    return strict.decode(octetsOf(vocabulary, index[at])).replaceAll("\n", "↵\n");
  } catch {
    return label;
  }
}
