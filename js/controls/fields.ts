/**
 * Labelled native inputs. Each is a `Field`: an element, and how it shows a value.
 *
 * A field that is being typed into is left alone by updates, so that an echo from the kernel
 * never rewrites what a person is writing. When the writing is done the field shows the state,
 * whatever became of what was written.
 */

import { compact } from "../color/numbers.ts";
import { h, uniqueId } from "../dom.ts";

export interface Field<Value> {
  element: HTMLElement;
  input: HTMLInputElement;
  show(value: Value): void;
}

export interface FieldOptions<Value> {
  /** The `data-tokenviz-control` attribute. */
  control: string;
  label: string;
  change: (value: Value) => void;
  signal: AbortSignal;
}

export interface NumberOptions<Value = number> extends FieldOptions<Value> {
  min?: number;
  max?: number;
  step?: number | "any";
  /** What an empty field says, where it means null. */
  placeholder?: string;
}

/** A number field. With `visibleLabel` false the label is for screen readers only. */
export function numberField<Value extends number | null = number>(
  { control, label, change, signal, min, max, step = "any", placeholder }: NumberOptions<Value>,
  visibleLabel = true,
): Field<Value> {
  const input = h("input", {
    type: "number",
    class: "tokenviz-number",
    "data-tokenviz-control": control,
    min: min ?? null,
    max: max ?? null,
    step,
    placeholder: placeholder ?? null,
  });
  input.addEventListener(
    "input",
    () => {
      if (!input.checkValidity()) return;
      if (input.value !== "") change(input.valueAsNumber as Value);
      else if (placeholder !== undefined) change(null as Value);
    },
    { signal },
  );
  let shown: number | null = 0;
  const rewrite = () => {
    input.value = shown === null ? "" : compact(shown, 6);
  };
  input.addEventListener("change", rewrite, { signal });
  input.addEventListener("blur", rewrite, { signal });
  const element = visibleLabel ? labelled(label, input) : input;
  if (!visibleLabel) input.ariaLabel = label;
  return {
    element,
    input,
    show(value) {
      shown = value;
      if (!input.matches(":focus")) rewrite();
    },
  };
}

/** A slider; its value is shown elsewhere. */
export function slider(options: Required<Omit<NumberOptions, "placeholder">>): Field<number> {
  const { control, label, change, signal, min, max, step } = options;
  const input = h("input", {
    type: "range",
    class: "tokenviz-slider",
    "data-tokenviz-control": control,
    "aria-label": label,
    ...{ min, max, step },
  });
  input.addEventListener("input", () => change(input.valueAsNumber), { signal });
  return {
    element: input,
    input,
    show(value) {
      input.value = String(value);
    },
  };
}

export function checkbox(options: FieldOptions<boolean>): Field<boolean> {
  const { control, label, change, signal } = options;
  const input = h("input", { type: "checkbox", "data-tokenviz-control": control });
  input.addEventListener("change", () => change(input.checked), { signal });
  return {
    element: h("label", { class: "tokenviz-check" }, input, label),
    input,
    show(value) {
      input.checked = value;
    },
  };
}

export interface Choice {
  value: string;
  label: string;
  disabled?: boolean;
}

/** A native menu; the choices may change with what is shown. */
export function select({ control, label, change, signal }: FieldOptions<string>) {
  const input = h("select", {
    class: "tokenviz-select",
    "data-tokenviz-control": control,
    "aria-label": label,
  });
  input.addEventListener("change", () => change(input.value), { signal });
  let shown: readonly Choice[] | null = null;
  return {
    element: input,
    show(value: string, choices: readonly Choice[]) {
      if (choices !== shown) {
        shown = choices;
        input.replaceChildren(
          ...choices.map((c) =>
            h("option", { value: c.value, disabled: c.disabled ?? false }, c.label),
          ),
        );
      }
      input.value = value;
    },
  };
}

export function button(
  control: string,
  text: string,
  { press, signal, title = "" }: { press: () => void; signal: AbortSignal; title?: string },
): HTMLButtonElement {
  const element = h(
    "button",
    {
      type: "button",
      class: "tokenviz-push",
      "data-tokenviz-control": control,
      title: title || null,
    },
    text,
  );
  element.addEventListener("click", press, { signal });
  return element;
}

/** Controls under one heading. */
export function group(heading: string, ...children: Node[]): HTMLDivElement {
  const id = uniqueId("group");
  return h(
    "div",
    { class: "tokenviz-group", role: "group", "aria-labelledby": id },
    h("span", { class: "tokenviz-heading", id }, heading),
    h("div", { class: "tokenviz-row" }, ...children),
  );
}

function labelled(text: string, input: HTMLElement): HTMLElement {
  return h("label", { class: "tokenviz-field" }, h("span", {}, text), input);
}
