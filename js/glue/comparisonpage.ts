/** Comparisons on exported pages. */

import { Comparison } from "../compare/comparison.ts";
import { forPages } from "./instrument.ts";

forPages("comparison", Comparison);
