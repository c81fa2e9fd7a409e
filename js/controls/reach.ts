/**
 * How far the ends of the range can be moved, and in which steps.
 *
 * The range that the view, or its channel, started with stays within reach: else the steps would
 * shrink with the range, and there would be no way back.
 */

import type { Extent } from "../color/extent.ts";
import type { ResolvedRange } from "../color/range.ts";
import type { FigureState } from "../state/state.ts";
import { type Domain, sliderDomain } from "./range.ts";

export class Reach {
  #start: ResolvedRange | null = null;
  #kept = "";

  domain(state: Readonly<FigureState>, range: ResolvedRange, finite: Extent["finite"]): Domain {
    const kept = `${range.log} ${state._kind === "trace" && state.channel}`;
    if (this.#start === null || kept !== this.#kept) this.#start = range;
    this.#kept = kept;
    return sliderDomain(finite, [range, this.#start]);
  }
}
