/**
 * The explorer of exported pages: says how its kind of figure is mounted, with what the renderer's
 * script (page.ts) holds. It may stand before that one or after it.
 */

import { mountExplorer } from "../explore/mount.ts";
import type * as Core from "./core.ts";
import type { Mounter } from "./page.ts";

const CORE = Symbol.for("tokenviz.core");
const MOUNTERS = Symbol.for("tokenviz.mounters");

const page = globalThis as { [CORE]?: typeof Core; [MOUNTERS]?: Map<unknown, Mounter> };

page[MOUNTERS] ??= new Map();
page[MOUNTERS].set("explorer", (model, element, signal) => {
  mountExplorer(page[CORE] as typeof Core, model, element, signal);
});
