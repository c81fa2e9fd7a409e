/** The table of a set for exported pages; as explorerpage.ts. */

import { mountSet } from "../set/mount.ts";
import type * as Core from "./core.ts";
import type { Mounter } from "./page.ts";

const CORE = Symbol.for("tokenviz.core");
const MOUNTERS = Symbol.for("tokenviz.mounters");

const page = globalThis as { [CORE]?: typeof Core; [MOUNTERS]?: Map<unknown, Mounter> };

page[MOUNTERS] ??= new Map();
page[MOUNTERS].set("set", (model, element, signal) => {
  mountSet(page[CORE] as typeof Core, model, element, signal);
});
