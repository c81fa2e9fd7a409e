import type { Extent } from "../color/extent.ts";
import type { ColorScale } from "../color/scale.ts";
import { h } from "../dom.ts";

export class Controls {
  readonly button = h("button", { class: "tokenviz-button" });
  readonly panel = h("div", { class: "tokenviz-panel", hidden: true });
  constructor(_: unknown) {}
  update(_scale: ColorScale, _extent: Extent): void {}
}
