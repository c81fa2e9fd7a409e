/** The table of a set on exported pages. */

import { SetBrowser } from "../set/browser.ts";
import { forPages } from "./instrument.ts";

forPages("set", SetBrowser);
