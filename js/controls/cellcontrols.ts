/** What is written in the cells, and for a trace, which cells there are. */

import { h } from "../dom.ts";
import type { TraceState } from "../state/state.ts";
import type { Control, ControlView, Settings } from "./control.ts";
import { checkbox, type Field, group, numberField, slider } from "./fields.ts";

export class CellControls implements Control {
  readonly element: HTMLElement;
  readonly #showValues: Field<boolean>;
  readonly #decimals: Field<number>;
  readonly #trace: TraceFields | null;

  constructor(settings: Settings, signal: AbortSignal) {
    this.#showValues = checkbox({
      ...{ control: "show_values", label: "Show", signal },
      change: (show_values) => settings.set({ show_values }),
    });
    this.#decimals = numberField({
      ...{ control: "decimals", label: "decimals", min: 0, max: 8, step: 1, signal },
      change: (decimals) => settings.set({ decimals }),
    });
    this.#trace = settings.state._kind === "trace" ? traceFields(settings, signal) : null;
    this.element = h(
      "div",
      { class: "tokenviz-groups" },
      group("Values", this.#showValues.element, this.#decimals.element),
      ...(this.#trace === null ? [] : traceGroups(this.#trace)),
    );
  }

  update({ state }: ControlView): void {
    this.#showValues.show(state.show_values);
    this.#decimals.show(state.decimals);
    this.#decimals.input.disabled = !state.show_values;
    if (this.#trace !== null) showTrace(this.#trace, state as TraceState);
  }
}

interface TraceFields {
  rowLength: Field<number | null>;
  topK: Field<number>;
  minProbability: Field<number>;
  minProbabilityNumber: Field<number>;
  border: Field<boolean>;
}

function traceFields(settings: Settings, signal: AbortSignal): TraceFields {
  const least = {
    ...{ label: "Least probability shown", min: 0, max: 1, step: 0.01, signal },
    change: (min_probability: number) => settings.set({ min_probability }),
  };
  return {
    rowLength: numberField<number | null>({
      ...{ control: "row_length", label: "positions", min: 1, max: 200, step: 1, signal },
      placeholder: "auto",
      change: (row_length) => settings.set({ row_length }),
    }),
    topK: numberField({
      ...{ control: "top_k", label: "at most", min: 0, max: 20, step: 1, signal },
      change: (top_k) => settings.set({ top_k }),
    }),
    minProbability: slider({ ...least, control: "min_probability" }),
    minProbabilityNumber: numberField(
      { ...least, control: "min_probability-number", step: "any" },
      false,
    ),
    border: checkbox({
      ...{ control: "border", label: "Border", signal },
      change: (border) => settings.set({ border }),
    }),
  };
}

function traceGroups(fields: TraceFields): HTMLElement[] {
  const { rowLength, topK, minProbability, minProbabilityNumber, border } = fields;
  return [
    group("Row", rowLength.element),
    group("Alternatives", topK.element),
    group("Least probability", minProbability.element, minProbabilityNumber.element),
    group("Chosen path", border.element),
  ];
}

function showTrace(fields: TraceFields, state: TraceState): void {
  fields.rowLength.show(state.row_length);
  fields.topK.show(state.top_k);
  fields.minProbability.show(state.min_probability);
  fields.minProbabilityNumber.show(state.min_probability);
  fields.border.show(state.border);
  const flowing = state.arrangement === "flow";
  fields.rowLength.input.disabled = flowing;
  fields.border.input.disabled = flowing;
}
