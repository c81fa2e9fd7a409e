/** What can be done here, in a line, until something was asked or it is closed. */

import { icon, toolButton } from "../controls/toolbutton.ts";
import { h, svg } from "../dom.ts";

const TEXT =
  "Click a token to see what spoke for it · click what it did not say to ask why not · Enter goes on from there";

export class Hint {
  readonly element: HTMLElement;
  #done = false;

  constructor(closed: () => void, signal: AbortSignal) {
    const close = toolButton({
      ...{ control: "hint-close", label: "Close the hint", signal },
      icon: icon(svg("path", { d: "M4 4l8 8M12 4l-8 8" })),
      press: () => {
        this.end();
        closed();
      },
    });
    this.element = h("div", { class: "tokenviz-explorer-hint" }, h("span", {}, TEXT), close);
  }

  get done(): boolean {
    return this.#done;
  }

  /** Its room is left: nothing moves. */
  end(): void {
    this.#done = true;
    this.element.classList.add("tokenviz-explorer-gone");
  }
}
