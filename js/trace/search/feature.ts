/**
 * Finding one's way in a trace: the bar, its button and its keys.
 *
 * While the bar has the focus, the figure only scrolls and marks; keys on the figure itself move
 * its cursor, and say where it came.
 */

import type { Rect } from "../../canvas/geometry.ts";
import { icon, toolButton } from "../../controls/toolbutton.ts";
import { svg } from "../../dom.ts";
import type { Feature } from "../../figure/feature.ts";
import { PLACE } from "../../figure/toolbar.ts";
import type { TraceState } from "../../state/state.ts";
import { markPositions, type Stretch } from "../marks.ts";
import { FindBar } from "./findbar.ts";
import { Search } from "./search.ts";

/** What the search needs of the drawing. */
export interface Searched {
  /** Outlines what was found, or nothing. */
  mark(flags: Uint8Array | null): void;
  /** The first position that is seen. */
  firstVisible(visible: Rect): number;
}

export function searchFeature(drawing: Searched): Feature<TraceState> {
  return (parts) => {
    const { store, head, toolbar, commands, viewport, signal } = parts;
    const search = new Search(store.state.data);
    /** Where looking for a text begins: it stays while the text is being typed. */
    let origin = 0;
    /** What was gone to last, marked while the bar is open. */
    let target: Stretch | null = null;

    /** Made when it is first opened: most never are. */
    let bar: FindBar | null = null;
    const given = () => store.state.data.given ?? 0;
    const isOpen = () => bar?.element.hidden === false;
    const makeBar = () => {
      const made = new FindBar({
        look(query) {
          search.look(query, origin);
          show(search.found);
        },
        step: (direction) => again(direction),
        go(position) {
          const at = given() + position - 1;
          show([at, at]);
        },
        threshold(value) {
          search.threshold = value;
          tell();
        },
        surprise: (direction) => walk(direction),
        close,
        signal,
      });
      head.after(made.element);
      return made;
    };

    const button = toolButton({
      ...{ control: "search", label: "Find", title: "Find text, positions, improbable tokens" },
      icon: icon(svg("circle", { cx: 7, cy: 7, r: 4.2 }), svg("path", { d: "M10.2 10.2L14 14" })),
      press: () => (isOpen() ? close() : open("text")),
      signal,
    });
    button.ariaExpanded = "false";
    toolbar.add(button, PLACE.search);

    function here(): number {
      return parts.current()?.[0] ?? drawing.firstVisible(viewport.visible);
    }

    function open(field: "text" | "position"): void {
      origin = here();
      bar ??= makeBar();
      bar.element.hidden = false;
      button.ariaExpanded = "true";
      tell();
      mark();
      bar.focus(field);
    }

    function close(): void {
      const at = target;
      if (bar !== null) bar.element.hidden = true;
      button.ariaExpanded = "false";
      target = null;
      drawing.mark(null);
      parts.repaint();
      viewport.element.focus({ preventScroll: true });
      if (at !== null) parts.goTo([at[0], 0]);
    }

    /** Brings what was found into view; keys of the figure itself take its cursor there, too. */
    function show(found: Stretch | null): void {
      target = found;
      if (found !== null) {
        // The end first: where not all of it fits, its beginning is what is seen.
        if (viewport.element.matches(":focus")) parts.goTo([found[0], 0]);
        else {
          parts.place([found[1], 0]);
          parts.place([found[0], 0]);
        }
      }
      tell();
      mark();
    }

    function walk(direction: 1 | -1): boolean {
      const surprise = search.surprise(here(), direction);
      if (surprise === null) return false;
      show([surprise.position, surprise.position]);
      bar?.showUnder(surprise.place, search.under.length);
      return true;
    }

    /** Steps through what was looked for last, also when the bar is closed. */
    function again(direction: 1 | -1): boolean {
      if (search.query === "") {
        open("text");
        return true;
      }
      show(search.step(direction));
      origin = target?.[0] ?? origin;
      return true;
    }

    function tell(): void {
      if (bar === null || !isOpen()) return;
      bar.showMatches(search.query, search.current, search.count);
      bar.showUnder(null, search.under.length);
      const place = target === null ? 0 : target[0] + 1 - given();
      bar.showPosition(place > 0 ? place : null, store.state.data.index.length - given());
    }

    function mark(): void {
      const { length } = store.state.data.index;
      drawing.mark(isOpen() ? markPositions(length, search.matches(), target) : null);
      parts.repaint();
    }

    store.subscribe((changed) => {
      const grew = changed.has("_append");
      if (!grew && !changed.has("_data")) return;
      search.update(store.state.data);
      if (!grew) target = isOpen() ? search.found : null;
      tell();
      mark();
    }, signal);

    const opens = (field: "text" | "position") => () => {
      open(field);
      return true;
    };
    commands.add({ keys: ["Ctrl+f", "/"], label: "Find text", run: opens("text") });
    commands.add({ keys: ["F3", "n"], label: "Next match", run: () => again(1) });
    commands.add({ keys: ["Shift+F3", "N"], label: "Previous match", run: () => again(-1) });
    commands.add({ keys: ["g"], label: "Go to a position", run: opens("position") });
    commands.add({
      keys: ["u"],
      label: "Next token under the probability threshold",
      run: () => walk(1),
    });
    commands.add({
      keys: ["U"],
      label: "Previous token under the probability threshold",
      run: () => walk(-1),
    });
  };
}
