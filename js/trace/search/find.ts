/**
 * Where a query occurs in a text.
 *
 * Without capitals in the query, capitals in the text do not matter. White space is white space as
 * it is; only where nothing matches are "\n", "\t" and "␣" taken as the figure writes them.
 */

/** Where each match begins; all are as long as `length`. Matches do not overlap. */
export interface Matches {
  starts: readonly number[];
  length: number;
}

export function find(text: FoldedText, query: string): Matches {
  if (query === "") return { starts: [], length: 0 };
  const asTyped = occurrences(text.for(query), query);
  const read = query.replaceAll("\\n", "\n").replaceAll("\\t", "\t").replaceAll("␣", " ");
  if (asTyped.length > 0 || read === query) return { starts: asTyped, length: query.length };
  return { starts: occurrences(text.for(query), read), length: read.length };
}

function occurrences(text: string, query: string): number[] {
  const starts: number[] = [];
  let at = text.indexOf(query);
  while (at >= 0) {
    starts.push(at);
    at = text.indexOf(query, at + query.length);
  }
  return starts;
}

/** A text with its small-letter form, made when it is first asked for. */
export class FoldedText {
  readonly text: string;
  #small: string | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** The form of the text in which to look for a query. */
  for(query: string): string {
    if (query !== small(query)) return this.text;
    this.#small ??= small(this.text);
    return this.#small;
  }
}

/** In small letters, each character as long as it was ("İ" would become two). */
export function small(text: string): string {
  const folded = text.toLowerCase();
  if (folded.length === text.length) return folded;
  let out = "";
  for (const character of text) {
    const one = character.toLowerCase();
    out += one.length === character.length ? one : character;
  }
  return out;
}
