/**
 * How a token reads in running text: real spaces, real line breaks, and what has no look of its own
 * written out.
 *
 * Everything here depends on the token alone, so it is made once for each entry of the vocabulary;
 * breaking 100,000 tokens into lines then only adds up widths.
 */

import { font } from "../../canvas/fonts.ts";
import { graphemes } from "../../canvas/graphemes.ts";
import { type Badge, badgeOf } from "../../canvas/label.ts";
import type { TextMeasure } from "../../canvas/text.ts";
import { labelFont } from "../../canvas/typography.ts";
import type { TokenKind, TokenTable } from "../../data/tokens.ts";
import { octets } from "../../wire/tokens.ts";

export const FLOW_SIZE = 14;
const TEXT_FONT = font(FLOW_SIZE);
const SMALL_SIZE = 11;
/** Between a box and its text, at either end; a badge's outline stands in it. */
const PADDING = 1;
const BADGE_PADDING = 6;
/** What a box is wide at least, so that it can be seen and pointed at. */
const NARROWEST = 5;
/** The mark of a line break. */
export const BREAK_WIDTH = 13;
const TAB = "    ";

/** A stretch of a token's text that stands on one line. */
export interface Piece {
  text: string;
  font: string;
  size: number;
  /** Of its box, in whole pixels. */
  width: number;
  /** From the left end of the box to the text. */
  padding: number;
  /** What its leading space takes, which a line that begins with it leaves out. */
  lead: number;
  /** Does it end in a line break? */
  breaks: boolean;
  badge: Badge;
  /** 1 right to left, -1 left to right, 0 as its neighbours. */
  direction: -1 | 0 | 1;
}

export interface FlowToken {
  pieces: readonly Piece[];
  /** May a line begin with it, may one end with it? */
  opens: boolean;
  closes: boolean;
}

/** The tokens of a vocabulary in running text, each made when it is first asked for. */
export class FlowTokens {
  readonly #vocabulary: TokenTable;
  readonly #measure: TextMeasure;
  readonly #made: (FlowToken | undefined)[] = [];

  constructor(vocabulary: TokenTable, measure: TextMeasure) {
    this.#vocabulary = vocabulary;
    this.#measure = measure;
  }

  at(index: number): FlowToken {
    let token = this.#made[index];
    if (token === undefined) {
      token = this.#make(index);
      this.#made[index] = token;
    }
    return token;
  }

  /** As much of a piece's text as fits a width, in as few pieces as can be. */
  cut(piece: Piece, available: number): Piece[] {
    const room = available - (piece.breaks ? BREAK_WIDTH : 0);
    const cut: Piece[] = [];
    let rest = graphemes(piece.text);
    while (rest.length > 0) {
      let [kept, tooMany] = [1, rest.length + 1];
      while (tooMany - kept > 1) {
        const middle = (kept + tooMany) >> 1;
        if (this.#width(rest.slice(0, middle).join(""), piece) <= room) kept = middle;
        else tooMany = middle;
      }
      const text = rest.slice(0, kept).join("");
      rest = rest.slice(kept);
      const last = rest.length === 0;
      const breaks = last && piece.breaks;
      const width = this.#width(text, piece) + (breaks ? BREAK_WIDTH : 0);
      cut.push({ ...piece, text, width, lead: 0, breaks });
    }
    return cut;
  }

  #width(text: string, { font, padding }: Pick<Piece, "font" | "padding">): number {
    return Math.max(NARROWEST, Math.ceil(this.#measure.width(text, font)) + 2 * padding);
  }

  #make(index: number): FlowToken {
    const kind = this.#vocabulary.kind[index];
    const text = readable(this.#vocabulary.label[index], this.#vocabulary.bytes[index], kind);
    const badge = badgeOf(kind);
    const mono = kind === "part" || kind === "byte";
    const size = badge || mono ? SMALL_SIZE : FLOW_SIZE;
    const style = {
      font: badge || mono ? labelFont(kind, size) : TEXT_FONT,
      ...{ size, badge, padding: badge ? BADGE_PADDING : PADDING },
    };
    const lines = badge ? [text] : text.split("\n");
    const pieces = lines.map((line, i): Piece => {
      const breaks = i < lines.length - 1;
      const written = line.replaceAll("\t", TAB);
      const lead = i === 0 && /^ \S/.test(line) ? this.#measure.width(" ", style.font) : 0;
      const width =
        breaks && line === ""
          ? BREAK_WIDTH + 2 * PADDING
          : this.#width(written, style) + (breaks ? BREAK_WIDTH : 0);
      return { ...style, text: written, width, lead, breaks, direction: directionOf(line) };
    });
    // After a final line break there is nothing.
    if (pieces.length > 1 && lines.at(-1) === "") pieces.pop();
    return {
      pieces,
      opens: badge !== null || OPENS.test(text),
      closes: badge !== null || CLOSES.test(text),
    };
  }
}

/** A line may break before white space, and on either side of scripts without spaces. */
const WITHOUT_SPACES =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}";
const OPENS = new RegExp(`^[\\s${WITHOUT_SPACES}]`, "u");
const CLOSES = new RegExp(`[\\s\\-\\u2010\\u2013\\u2014${WITHOUT_SPACES}]$`, "u");

/** The text where it can be read, with white space as it is; else the label, which says all. */
export function readable(label: string, bytes: string | null, kind: TokenKind): string {
  if (kind !== "text") return label;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets(label, bytes, kind));
  const shown = text.replaceAll(" ", "␣").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  if (shown === label) return text;
  return label.replaceAll("␣", " ").replaceAll("\\n", "\n").replaceAll("\\t", "\t");
}

const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** By the first letter; digits stand with what is written from left to right. */
function directionOf(text: string): -1 | 0 | 1 {
  const strong = /[\p{Letter}\p{Number}]/u.exec(text);
  if (strong === null) return 0;
  return RIGHT_TO_LEFT.test(strong[0]) ? 1 : -1;
}
