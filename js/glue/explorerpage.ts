/** The explorer on exported pages. */

import { Explorer } from "../explore/explorer.ts";
import { forPages } from "./instrument.ts";

forPages("explorer", Explorer);
