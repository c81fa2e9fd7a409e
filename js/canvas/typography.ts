/**
 * The sizes and families of labels and of the values written with them.
 */

import type { TokenKind } from "../data/tokens.ts";
import { font, MONO_FAMILY, SIZE, SMALL } from "./fonts.ts";

/** Pixel sizes of a label, the preferred one first; smaller ones where a label needs them. */
const TEXT_SIZES: readonly number[] = [SIZE, 11, 10.2, 9.5];
const MONO_SIZES: readonly number[] = [SMALL, 9.5];

export const VALUE_FONT = font(SMALL);
export const NUMBER_FONT = font(10);

/** Pieces of characters and raw bytes are not words: smaller, and in the mono family. */
function isMono(kind: TokenKind): boolean {
  return kind === "part" || kind === "byte";
}

export function labelSizes(kind: TokenKind): readonly number[] {
  return isMono(kind) ? MONO_SIZES : TEXT_SIZES;
}

export function labelFont(kind: TokenKind, size: number): string {
  return isMono(kind) ? `${size}px ${MONO_FAMILY}` : font(size);
}

/** Of capitals and figures, in em: centres a line of text by its letters, not by its box. */
export const CAP_HEIGHT = 0.72;
