/**
 * The places where the two are furthest apart, as a table: each leads to its place in the figure, and
 * each head of a column sorts by it.
 */

import { exact } from "../color/numbers.ts";
import type { TraceData } from "../data/trace.ts";
import { h, uniqueId } from "../dom.ts";
import { UNKNOWN } from "../trace/format.ts";
import { bothLogprobs, type Compared, channelOf, FLIP } from "./compared.ts";
import type { Place } from "./places.ts";

/** Tokens of the text that are told before a place, and after it. */
const BEFORE = 6;
const AFTER = 2;
/** Characters of them, and of the place itself. */
const MOST_AROUND = 28;
const MOST = 40;
/** The most places that can be asked for. */
export const MOST_PLACES = 100;

export interface PlaceTableOptions {
  /** Goes to a place in the figure. */
  jump: (place: Place) => void;
  /** Sorts by another measure. */
  sort: (by: string) => void;
  /** Lists so many places. */
  resize: (count: number) => void;
  signal: AbortSignal;
}

export interface Listed {
  data: TraceData;
  compared: Compared;
  places: readonly Place[];
  by: string;
  count: number;
}

interface Column {
  /** The measure that it sorts by; null for one that sorts by nothing. */
  by: string | null;
  head: string;
  write: (place: Place) => string;
}

export class PlaceTable {
  readonly element: HTMLElement;
  readonly #options: PlaceTableOptions;
  readonly #count: HTMLInputElement;
  readonly #head = h("tr");
  readonly #body = h("tbody");
  readonly #nothing = h("p", { class: "tokenviz-comparison-nothing" });
  readonly #table: HTMLElement;
  /** Of whose data the heads are. */
  #headed: Compared | null = null;
  #columns: readonly Column[] = [];
  #links: { place: Place; button: HTMLButtonElement }[] = [];
  #selected: number | null = null;

  constructor(options: PlaceTableOptions) {
    this.#options = options;
    const { signal } = options;
    const id = uniqueId("places");
    this.#count = h("input", {
      ...{ id, type: "number", min: 0, max: MOST_PLACES, step: 1 },
      ...{ class: "tokenviz-number", "data-tokenviz-control": "places" },
    });
    this.#count.addEventListener("change", () => this.#resize(), { signal });
    const heading = uniqueId("furthest");
    this.#table = h(
      "div",
      { class: "tokenviz-comparison-scroll" },
      h("table", { "aria-labelledby": heading }, h("thead", {}, this.#head), this.#body),
    );
    this.element = h(
      "div",
      { class: "tokenviz-comparison-places", role: "group", "aria-labelledby": heading },
      h(
        "div",
        { class: "tokenviz-comparison-heading" },
        h("label", { id: heading, for: id }, "Places furthest apart"),
        this.#count,
      ),
      this.#table,
      this.#nothing,
    );
    this.#body.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  show({ data, compared, places, by, count }: Listed): void {
    if (this.#headed !== compared) this.#write(data, compared);
    if (document.activeElement !== this.#count) this.#count.value = String(count);
    for (const [i, cell] of Array.from(this.#head.children).entries()) {
      const column = this.#columns[i - 1]?.by ?? null;
      if (column !== null) cell.ariaSort = column === by ? "descending" : "none";
    }
    const focused = this.#links.findIndex(({ button }) => button.matches(":focus"));
    this.#links = places.map((place) => ({ place, button: this.#link(data, place) }));
    this.#body.replaceChildren(
      ...this.#links.map(({ place, button }) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, button),
          ...this.#columns.map((column) =>
            h(
              "td",
              column.by !== null && column.by === by ? { "data-tokenviz-by": true } : {},
              column.write(place),
            ),
          ),
        ),
      ),
    );
    this.#table.hidden = places.length === 0;
    this.#nothing.hidden = places.length > 0 || count === 0;
    this.#nothing.textContent = nothing(data, compared, by);
    this.select(this.#selected);
    this.#links[Math.min(focused, this.#links.length - 1)]?.button.focus();
  }

  /** Marks the place that a selected position is part of. */
  select(position: number | null): void {
    this.#selected = position;
    for (const { place, button } of this.#links) {
      const here = position !== null && position >= place.start && position < place.stop;
      button.ariaCurrent = here ? "true" : null;
    }
  }

  #write(data: TraceData, compared: Compared): void {
    this.#headed = compared;
    const [a, b] = bothLogprobs(data, compared);
    const probability = (values: Float32Array) => (place: Place) =>
      digits(Math.min(1, Math.exp(values[place.start])), false);
    const flips = data.flags?.find((flag) => flag.name === FLIP)?.values;
    this.#columns = [
      { by: null, head: "p in a", write: probability(a) },
      { by: null, head: "p in b", write: probability(b) },
      // The order of the ratio is that of its logarithm.
      ...compared.measures
        .filter(({ name }) => name !== "ratio")
        .map(({ name, channel }) => {
          const values = channelOf(data, channel);
          const counts = name === "rank_change";
          const write = ({ start }: Place) => digits(values[start], counts);
          return { by: name, head: channel, write };
        }),
      ...(compared.flips
        ? [{ by: FLIP, head: FLIP, write: ({ start }: Place) => (flips?.[start] ? "yes" : "no") }]
        : []),
    ];
    this.#head.replaceChildren(
      h("th", { scope: "col" }, "token"),
      ...this.#columns.map(({ by, head }) => {
        if (by === null) return h("th", { scope: "col" }, head);
        const button = h(
          "button",
          {
            ...{ type: "button", class: "tokenviz-comparison-sort", "data-tokenviz-sort": by },
            title: `Sort by ${head}`,
          },
          head,
        );
        button.addEventListener("click", () => this.#options.sort(by), {
          signal: this.#options.signal,
        });
        return h("th", { scope: "col", "aria-sort": "none" }, button);
      }),
    );
  }

  /** A button, for it leads nowhere but in this figure. */
  #link(data: TraceData, place: Place): HTMLButtonElement {
    const { start, stop } = place;
    const before = shortened(textOf(data, Math.max(0, start - BEFORE), start), -MOST_AROUND);
    const after = shortened(textOf(data, stop, Math.min(data.index.length, stop + AFTER)), 12);
    const button = h(
      "button",
      { type: "button", class: "tokenviz-comparison-link" },
      h("span", { class: "tokenviz-comparison-at" }, String(start + 1)),
      " ",
      h("bdi", { class: "tokenviz-comparison-around" }, before),
      h("bdi", { class: "tokenviz-comparison-token" }, shortened(labels(data, start, stop), MOST)),
      h("bdi", { class: "tokenviz-comparison-around" }, after),
    );
    button.addEventListener("click", () => this.#options.jump(place), {
      signal: this.#options.signal,
    });
    return button;
  }

  #resize(): void {
    const asked = this.#count.valueAsNumber;
    if (Number.isNaN(asked)) return;
    const count = Math.min(MOST_PLACES, Math.max(0, Math.round(asked)));
    this.#count.value = String(count);
    this.#options.resize(count);
  }

  /** From place to place; each is a stop of the Tab key, too. */
  #key(event: KeyboardEvent): void {
    const at = this.#links.findIndex(({ button }) => button === event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.#links.length - 1 }[
      event.key
    ];
    if (at < 0 || to === undefined) return;
    this.#links[to]?.button.focus();
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Why no place is listed. */
function nothing(data: TraceData, { measures }: Compared, by: string): string {
  if (by === FLIP) return "The likeliest token is the same everywhere.";
  const { channel } = measures.find(({ name }) => name === by) ?? measures[0];
  const known = channelOf(data, channel).some((value) => !Number.isNaN(value));
  return known ? `By ${channel}, both are the same everywhere.` : "Nothing could be compared.";
}

/** Three digits, as many as tell places apart; where numbers are counts, whole. */
function digits(value: number, counts: boolean): string {
  if (Number.isNaN(value)) return UNKNOWN;
  const large = Math.abs(value) >= 1000 || !Number.isFinite(value);
  if (counts || large) return exact(counts ? value : Number(value.toPrecision(3)));
  return value.toPrecision(3).replaceAll("-", "−").replace("e+", "e");
}

function labels({ vocabulary, index }: TraceData, start: number, stop: number): string {
  return Array.from(index.subarray(start, stop), (i) => vocabulary.label[i]).join("");
}

/** What stands around a place, to be read and no more. */
function textOf(data: TraceData, start: number, stop: number): string {
  return labels(data, start, stop).replaceAll("␣", " ");
}

/** At most so many characters: the first, or of a negative number the last. */
function shortened(text: string, most: number): string {
  const characters = Array.from(text);
  if (characters.length <= Math.abs(most)) return text;
  return most < 0
    ? `…${characters.slice(most).join("")}`
    : `${characters.slice(0, most).join("")}…`;
}
