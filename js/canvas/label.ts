/**
 * A token's label, made to fit a cell.
 *
 * A label that is too wide is slightly condensed, then made smaller, then set in two lines where
 * there is room for them, then condensed further, and at last cut with an ellipsis (the tooltip has
 * the whole). Spaces arrive as "␣"; many fonts lack that character,
 * and where most tokens begin with one it must not shout: it is drawn as a small bracket of its
 * own, so it is measured here too. Special tokens wear a badge, which takes room, and less of it
 * before the label is cut; those whose bytes are not known, a dashed one.
 */

import type { TokenKind, TokenTable } from "../data/tokens.ts";
import { SIZE } from "./fonts.ts";
import { graphemes } from "./graphemes.ts";
import type { TextMeasure } from "./text.ts";
import { labelFont, labelSizes } from "./typography.ts";

export const SPACE = "␣";
/** Widths of the drawn space and of the gap around it, in em. */
export const SPACE_WIDTH = 0.4;
export const SPACE_GAP = 0.09;
/** Between a special token's label and the outline around it, with room and without. */
const BADGE_PADDING = 3.5;
const TIGHT_BADGE_PADDING = 1.5;
/** How far a label is condensed before it is made smaller, and before it is cut. */
const CONDENSED = 0.93;
const NARROWEST = 0.84;
/** In em, what letters with an accent take above and below the baseline. */
const ASCENT = 1.1;
const DESCENT = 0.45;
const ELLIPSIS = "…";
const CACHE_LIMIT = 10_000;

/** A stretch of text, or of `spaces` spaces. */
export interface Run {
  text: string;
  spaces: number;
  /** Of what is painted, and where in it the pen starts. */
  width: number;
  left: number;
  /** How far it reaches above and below the baseline; 0 for plain text. */
  ascent: number;
  descent: number;
}

export interface Line {
  /** In the order in which they are drawn, left to right. */
  runs: readonly Run[];
  /** Before condensing. */
  width: number;
}

/** The outline around a label that is not simply its token's text. */
export type Badge = "solid" | "dashed" | null;

export function badgeOf(kind: TokenKind): Badge {
  if (kind === "unknown") return "dashed";
  return kind === "special" ? "solid" : null;
}

export interface FittedLabel {
  lines: readonly Line[];
  size: number;
  font: string;
  /** Of the widest line, before condensing. */
  width: number;
  /** Horizontal scale, at most 1. */
  condense: number;
  badge: Badge;
  /** Between the text and either end of the badge. */
  padding: number;
  /** Of a label higher than letters are: how far it reaches above and below its baseline. */
  tall: { ascent: number; descent: number } | null;
}

export class LabelFitter {
  readonly #vocabulary: TokenTable;
  readonly #measure: TextMeasure;
  readonly #sizes: typeof labelSizes;
  /** Fitted labels, for each width by vocabulary index and lines. */
  readonly #fitted = new Map<number, Map<number, FittedLabel>>();

  /** `oneSize`: whether all are set in the same, as labels of an axis are. */
  constructor(vocabulary: TokenTable, measure: TextMeasure, oneSize = false) {
    this.#sizes = oneSize ? () => [SIZE] : labelSizes;
    this.#vocabulary = vocabulary;
    this.#measure = measure;
  }

  /** The width a label takes at its preferred size, its badge included. */
  naturalWidth(index: number): number {
    const kind = this.#vocabulary.kind[index];
    const { width } = this.#line(this.#vocabulary.label[index], kind, this.#sizes(kind)[0]);
    return width + (badgeOf(kind) ? 2 * BADGE_PADDING : 0);
  }

  /** The label of a token, fitted into `room` pixels and one line, or two. */
  fit(index: number, room: number, lines: 1 | 2 = 1): FittedLabel {
    let ofRoom = this.#fitted.get(room);
    if (ofRoom === undefined) {
      ofRoom = new Map();
      this.#fitted.set(room, ofRoom);
    }
    const key = 2 * index + lines - 1;
    let fitted = ofRoom.get(key);
    if (fitted === undefined) {
      fitted = this.#fit(this.#vocabulary.label[index], this.#vocabulary.kind[index], room, lines);
      if (ofRoom.size >= CACHE_LIMIT) ofRoom.clear();
      ofRoom.set(key, fitted);
    }
    return fitted;
  }

  #fit(label: string, kind: TokenKind, room: number, most: 1 | 2): FittedLabel {
    const badge = badgeOf(kind);
    let padding = badge ? BADGE_PADDING : 0;
    let textRoom = Math.max(0, room - 2 * padding);
    let size = 0;
    let line: Line = { runs: [], width: 0 };
    for (size of this.#sizes(kind)) {
      line = this.#line(label, kind, size);
      if (line.width * CONDENSED <= textRoom) break;
    }
    if (badge && line.width * NARROWEST > textRoom) {
      padding = TIGHT_BADGE_PADDING;
      textRoom = Math.max(0, room - 2 * padding);
    }
    let lines = [line];
    if (line.width * CONDENSED > textRoom) {
      const widest = textRoom / NARROWEST;
      const two = most === 2 ? this.#twoLines(label, kind, size, widest, line.width) : null;
      if (two !== null) lines = two;
      else if (line.width > widest) lines = [this.#cut(label, kind, size, widest)];
    }
    const width = Math.max(...lines.map((each) => each.width));
    const condense = width > textRoom ? textRoom / width : 1;
    const tall = tallness(lines, size);
    return { lines, size, font: labelFont(kind, size), width, condense, badge, padding, tall };
  }

  /**
   * The label in two lines as equal as they can be, the second cut where it does not fit; or null
   * when it cannot be broken. There is no hyphen: it would read as a part of the token.
   */
  #twoLines(
    label: string,
    kind: TokenKind,
    size: number,
    room: number,
    whole: number,
  ): Line[] | null {
    if (kind !== "text" || isRightToLeft(label)) return null;
    const parts = unbroken(label);
    const line = (from: number, to?: number) =>
      this.#line(parts.slice(from, to).join(""), kind, size);
    let best: Line[] | null = null;
    let least = room;
    for (let at = 1; at < parts.length; at++) {
      const first = line(0, at);
      if (first.width > room) {
        // As much as fits on the first line, and the rest cut.
        if (best === null && at > 1) {
          best = [line(0, at - 1), this.#cut(parts.slice(at - 1).join(""), kind, size, room)];
        }
        break;
      }
      if (whole > 2 * room) continue; // the rest does not fit, and may be long
      const lines = [first, line(at)];
      const width = Math.max(...lines.map((line) => line.width));
      if (width > least) continue;
      [best, least] = [lines, width];
    }
    return best;
  }

  /** As much of the label's beginning as fits with an ellipsis, by whole characters. */
  #cut(label: string, kind: TokenKind, size: number, room: number): Line {
    const characters = graphemes(label);
    let kept = 0;
    let tooMany = characters.length;
    while (tooMany - kept > 1) {
      const middle = (kept + tooMany) >> 1;
      const { width } = this.#line(characters.slice(0, middle).join("") + ELLIPSIS, kind, size);
      if (width <= room) kept = middle;
      else tooMany = middle;
    }
    return this.#line(characters.slice(0, kept).join("") + ELLIPSIS, kind, size);
  }

  #line(text: string, kind: TokenKind, size: number): Line {
    const font = labelFont(kind, size);
    const runs = text
      .split(/(␣+)/)
      .filter((run) => run !== "")
      .map((run) => {
        if (!run.startsWith(SPACE)) {
          return { text: run, spaces: 0, ...this.#measure.ink(run, font) };
        }
        const width = run.length * (SPACE_WIDTH + 2 * SPACE_GAP) * size;
        return { text: run, spaces: run.length, width, left: 0, ascent: 0, descent: 0 };
      });
    if (isRightToLeft(text)) runs.reverse();
    return { runs, width: runs.reduce((sum, run) => sum + run.width, 0) };
  }
}

/** How far a label reaches up and down, when that is further than letters do. */
function tallness(lines: readonly Line[], size: number): FittedLabel["tall"] {
  const runs = lines.flatMap((line) => line.runs);
  const ascent = Math.max(0, ...runs.map((run) => run.ascent));
  const descent = Math.max(0, ...runs.map((run) => run.descent));
  return ascent > ASCENT * size || descent > DESCENT * size ? { ascent, descent } : null;
}

/** The characters of a label, escapes such as "\\n" whole. */
function unbroken(label: string): string[] {
  const parts: string[] = [];
  for (const character of graphemes(label)) {
    if (parts.at(-1) === "\\") parts[parts.length - 1] += character;
    else parts.push(character);
  }
  return parts;
}

/** Does the first letter belong to a script that is written from right to left? */
function isRightToLeft(text: string): boolean {
  const letter = /\p{Letter}/u.exec(text);
  return letter !== null && RIGHT_TO_LEFT.test(letter[0]);
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
