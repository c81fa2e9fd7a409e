/**
 * A token's label, made to fit a cell.
 *
 * A label that is too wide is slightly condensed, then made smaller, then condensed further,
 * and at last cut with an ellipsis (the tooltip has the whole). Spaces arrive as "␣"; many fonts lack that character,
 * and where most tokens begin with one it must not shout: it is drawn as a small bracket of its
 * own, so it is measured here too. Special tokens wear a badge, which takes room.
 */

import type { TokenKind, TokenTable } from "../state.ts";
import type { TextMeasure } from "./text.ts";
import { labelFont, labelSizes } from "./typography.ts";

export const SPACE = "␣";
/** Widths of the drawn space and of the gap around it, in em. */
export const SPACE_WIDTH = 0.4;
export const SPACE_GAP = 0.09;
/** Between a special token's label and the outline around it. */
export const BADGE_PADDING = 3.5;
/** How far a label is condensed before it is made smaller, and before it is cut. */
const CONDENSED = 0.93;
const NARROWEST = 0.84;
const ELLIPSIS = "…";
const CACHE_LIMIT = 10_000;

/** A stretch of text, or of `spaces` spaces. */
export interface Run {
  text: string;
  spaces: number;
  width: number;
}

export interface FittedLabel {
  /** In the order in which they are drawn, left to right. */
  runs: readonly Run[];
  size: number;
  font: string;
  /** Of all runs, before condensing. */
  width: number;
  /** Horizontal scale, at most 1. */
  condense: number;
  badge: boolean;
}

export class LabelFitter {
  readonly #vocabulary: TokenTable;
  readonly #measure: TextMeasure;
  /** Fitted labels by vocabulary index and width. */
  readonly #fitted = new Map<string, FittedLabel>();

  constructor(vocabulary: TokenTable, measure: TextMeasure) {
    this.#vocabulary = vocabulary;
    this.#measure = measure;
  }

  /** The width a label takes at its preferred size, its badge included. */
  naturalWidth(index: number): number {
    const kind = this.#vocabulary.kind[index];
    const runs = this.#runs(this.#vocabulary.label[index], kind, labelSizes(kind)[0]);
    return totalWidth(runs) + 2 * badgePadding(kind);
  }

  /** The label of a token, fitted into `room` pixels. */
  fit(index: number, room: number): FittedLabel {
    const key = `${index}|${room}`;
    let fitted = this.#fitted.get(key);
    if (fitted === undefined) {
      fitted = this.#fit(this.#vocabulary.label[index], this.#vocabulary.kind[index], room);
      if (this.#fitted.size >= CACHE_LIMIT) this.#fitted.clear();
      this.#fitted.set(key, fitted);
    }
    return fitted;
  }

  #fit(label: string, kind: TokenKind, room: number): FittedLabel {
    const textRoom = Math.max(0, room - 2 * badgePadding(kind));
    let size = 0;
    let runs: Run[] = [];
    let width = 0;
    for (size of labelSizes(kind)) {
      runs = this.#runs(label, kind, size);
      width = totalWidth(runs);
      if (width * CONDENSED <= textRoom) break;
    }
    if (width * NARROWEST > textRoom) {
      runs = this.#cut(label, kind, size, textRoom / NARROWEST);
      width = totalWidth(runs);
    }
    return {
      runs: isRightToLeft(label) ? runs.reverse() : runs,
      size,
      font: labelFont(kind, size),
      width,
      condense: width > textRoom ? textRoom / width : 1,
      badge: kind === "special",
    };
  }

  /** As much of the label's beginning as fits with an ellipsis, by whole characters. */
  #cut(label: string, kind: TokenKind, size: number, room: number): Run[] {
    const characters = graphemes(label);
    let kept = 0;
    let tooMany = characters.length;
    while (tooMany - kept > 1) {
      const middle = (kept + tooMany) >> 1;
      const runs = this.#runs(characters.slice(0, middle).join("") + ELLIPSIS, kind, size);
      if (totalWidth(runs) <= room) kept = middle;
      else tooMany = middle;
    }
    return this.#runs(characters.slice(0, kept).join("") + ELLIPSIS, kind, size);
  }

  #runs(label: string, kind: TokenKind, size: number): Run[] {
    const font = labelFont(kind, size);
    return label
      .split(/(␣+)/)
      .filter((text) => text !== "")
      .map((text) => {
        const spaces = text.startsWith(SPACE) ? text.length : 0;
        const width =
          spaces > 0
            ? spaces * (SPACE_WIDTH + 2 * SPACE_GAP) * size
            : this.#measure.width(text, font);
        return { text, spaces, width };
      });
  }
}

function badgePadding(kind: TokenKind): number {
  return kind === "special" ? BADGE_PADDING : 0;
}

function totalWidth(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.width, 0);
}

/** What a reader sees as characters: an emoji with its modifiers is one. */
function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

/** Does the first letter belong to a script that is written from right to left? */
function isRightToLeft(text: string): boolean {
  const letter = /\p{Letter}/u.exec(text);
  return letter !== null && RIGHT_TO_LEFT.test(letter[0]);
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
