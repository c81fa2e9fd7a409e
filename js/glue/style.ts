/**
 * The style of live figures, which comes with the renderer: one sheet that the document adopts,
 * and each shadow root or other window's document that a view lies in.
 */

import style from "../tokenviz.css?bundled";
import { dresser } from "./dresser.ts";

/** Styles what an element holds, wherever it lies, until the signal aborts; what adopted it keeps it. */
export const dress = dresser(style);
