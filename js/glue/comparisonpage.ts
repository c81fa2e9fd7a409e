/** Comparisons on exported pages: as explorerpage.ts, of its own kind of figure. */

import { mountComparison } from "../compare/mount.ts";
import type * as Core from "./core.ts";
import type { Mounter } from "./page.ts";

const CORE = Symbol.for("tokenviz.core");
const MOUNTERS = Symbol.for("tokenviz.mounters");

const page = globalThis as { [CORE]?: typeof Core; [MOUNTERS]?: Map<unknown, Mounter> };

page[MOUNTERS] ??= new Map();
page[MOUNTERS].set("comparison", (model, element, signal) => {
  mountComparison(page[CORE] as typeof Core, model, element, signal);
});
