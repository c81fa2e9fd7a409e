/** What every part of the control panel has in common. */

import type { Extent } from "../color/extent.ts";
import type { ColorScale } from "../color/scale.ts";
import type { FigureOptions, FigureState, TraceOptions } from "../state/state.ts";

/** What a control shows: the state, and the scale that follows from it and the data. */
export interface ControlView {
  state: Readonly<FigureState>;
  scale: ColorScale;
  extent: Extent;
}

/** What a control may read at any time, and change. */
export interface Settings {
  readonly state: Readonly<FigureState>;
  set(patch: Partial<FigureOptions> | Partial<TraceOptions>): void;
}

export interface Control {
  readonly element: HTMLElement;
  update(view: ControlView): void;
}
