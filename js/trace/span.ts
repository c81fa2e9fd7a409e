/**
 * Selecting several tokens of the path: dragging over them, a click with Shift, Shift with the keys
 * that move. What they come to stands in the tooltip and in the caption.
 *
 * Fingers scroll and tap; for them, and for long spans, the panel has its two ends as numbers.
 */

import type { Control } from "../controls/control.ts";
import { group, numberField } from "../controls/fields.ts";
import type { Cell } from "../data/cell.ts";
import type { Feature } from "../figure/feature.ts";
import type { TraceState } from "../state/state.ts";
import type { Store } from "../state/store.ts";
import { inWords, type TokenSpan } from "./summary.ts";

/** What spans need of the drawing. */
export interface Spanned {
  hit(x: number, y: number): Cell | null;
  step(cell: Cell | null, key: string, ctrl: boolean): Cell | null;
  firstVisible(visible: { x: number; y: number; width: number; height: number }): number;
}

const KEYS = ["ArrowRight", "ArrowLeft", "Home", "End", "PageUp", "PageDown"];
const LABELS = [
  "Select more tokens (also Home, End, page)",
  "Select fewer tokens, or those before",
];

export function spanFeature(drawing: Spanned): Feature<TraceState> {
  return ({ store, commands, viewport, current, goTo, say, addControl, signal }) => {
    addControl(() => spanControl(store, signal));
    /** Where the span began, and where its other end is. */
    let anchor = 0;
    let caret: number | null = null;

    const begin = () => {
      const { span } = store.state;
      // A span that something else set is gone on with at its end.
      if (span !== null && (caret === null || !within(span, anchor) || !within(span, caret))) {
        [anchor, caret] = [span[0], span[1] - 1];
      } else if (span === null) {
        anchor = current()?.[0] ?? drawing.firstVisible(viewport.visible);
        caret = anchor;
      }
    };
    const reach = (to: number) => {
      caret = to;
      const span: TokenSpan = [Math.min(anchor, to), Math.max(anchor, to) + 1];
      store.set({ span });
    };
    const extend = (to: number) => {
      reach(to);
      goTo([to, 0]);
      say(inWords(store.state.data, store.state.span as TokenSpan));
    };

    KEYS.forEach((key, i) => {
      commands.add({
        keys: [`Shift+${key}`],
        label: LABELS[i] ?? "",
        run() {
          begin();
          const to = drawing.step([caret as number, 0], key, false);
          if (to !== null) extend(to[0]);
          return true;
        },
      });
    });
    commands.add({
      keys: ["Escape"],
      label: "",
      run() {
        if (store.state.span === null) return false;
        store.set({ span: null });
        return true;
      },
    });

    let from: number | null = null;
    let dragged = false;
    const at = ({ clientX, clientY }: MouseEvent): number | null => {
      const { x, y } = viewport.toContent(clientX, clientY);
      const cell = drawing.hit(x, y);
      return cell !== null && cell[0] >= 0 && cell[1] === 0 ? cell[0] : null;
    };
    const listen = <
      Name extends "pointerdown" | "pointermove" | "pointerup" | "pointercancel" | "click",
    >(
      name: Name,
      listener: (event: HTMLElementEventMap[Name]) => void,
    ) => viewport.element.addEventListener(name, listener, { signal, capture: true });
    listen("pointerdown", (event) => {
      dragged = false;
      const mouse = event.button === 0 && event.pointerType !== "touch" && !event.shiftKey;
      from = mouse ? at(event) : null;
    });
    listen("pointermove", (event) => {
      if (from === null || (event.buttons & 1) === 0) return;
      const to = at(event);
      if (to === null || (!dragged && to === from)) return;
      if (!dragged) viewport.element.setPointerCapture(event.pointerId);
      dragged = true;
      anchor = from;
      if (to !== caret || store.state.span === null) reach(to);
    });
    for (const end of ["pointerup", "pointercancel"] as const) {
      listen(end, () => {
        from = null;
        if (dragged && store.state.span) say(inWords(store.state.data, store.state.span));
      });
    }
    listen("click", (event) => {
      const to = at(event);
      if (dragged || (event.shiftKey && to !== null)) {
        event.stopImmediatePropagation();
        if (!dragged) {
          begin();
          extend(to as number);
        }
        dragged = false;
      } else store.set({ span: null });
    });
  };
}

/** The positions of its first and its last token, counted as in the figure; none without both. */
function spanControl(settings: Store<TraceState>, signal: AbortSignal): Control {
  /** As typed: half of a span is none yet. */
  let typed: (number | null)[] = [null, null];
  const fields = ["First", "Last"].map((name, i) =>
    numberField<number | null>(
      {
        ...{ control: `span-${name.toLowerCase()}`, label: `${name} selected token`, signal },
        ...{ min: 1, step: 1, placeholder: name.toLowerCase() },
        change(value) {
          typed[i] = value;
          const [first, last] = typed;
          const ends = first !== null && last !== null && first <= last;
          if (ends && last <= settings.state.data.index.length) {
            settings.set({ span: [first - 1, last] });
          } else if (value === null) settings.set({ span: null });
        },
      },
      false,
    ),
  );
  return {
    element: group("Selected tokens", ...fields.map(({ element }) => element)),
    update() {
      const { span, data } = settings.state;
      if (span !== null) typed = [span[0] + 1, span[1]];
      else if (!fields.some(({ input }) => input.matches(":focus"))) typed = [null, null];
      fields.forEach(({ input, show }, i) => {
        input.max = String(data.index.length);
        show(typed[i]);
      });
    },
  };
}

function within([start, stop]: TokenSpan, position: number): boolean {
  return position >= start && position < stop;
}
