/**
 * The word or the sentence that a token is part of: what a double and a triple click take.
 *
 * Bounds are those of the text that the tokens' bytes spell, and are widened to whole tokens.
 */

import type { TraceData } from "../data/trace.ts";
import { PathText } from "../trace/search/text.ts";

export type Unit = "word" | "sentence";

/** Start and stop (excluded) of the positions around one, all on the same side of the prompt's end. */
export function around(
  data: Pick<TraceData, "vocabulary" | "index" | "given">,
  position: number,
  unit: Unit,
): [number, number] {
  const given = data.given ?? 0;
  const [first, end] = position < given ? [0, given] : [given, data.index.length];
  const path = new PathText({
    vocabulary: data.vocabulary,
    index: data.index.subarray(first, end),
  });
  const [from, to] = path.charactersOf(position - first);
  // The space before a word belongs to its token.
  const blank = path.text.slice(from, to).search(/\S/);
  const at = blank < 0 ? from : from + blank;
  const [start, stop] = segmentAt(path.text, at, unit);
  if (stop <= start) return [position, position + 1];
  const [head, tail] = path.positionsOf(start, stop);
  return [first + Math.min(head, position - first), first + Math.max(tail, position - first) + 1];
}

/** The segment of a text that holds a character, without the blanks around it. */
export function segmentAt(text: string, at: number, unit: Unit): [number, number] {
  const [start, stop] =
    typeof Intl !== "undefined" && "Segmenter" in Intl
      ? segmented(text, at, unit)
      : plain(text, at, unit);
  const segment = text.slice(start, stop);
  const inner = segment.trim();
  if (inner === "") return [start, stop];
  const lead = segment.length - segment.trimStart().length;
  return [start + lead, start + lead + inner.length];
}

function segmented(text: string, at: number, granularity: Unit): [number, number] {
  const segments = new Intl.Segmenter(undefined, { granularity }).segment(text);
  const found = segments.containing(at);
  return found === undefined ? [at, at] : [found.index, found.index + found.segment.length];
}

/** Blanks end words, and full stops before blanks end sentences. */
export function plain(text: string, at: number, unit: Unit): [number, number] {
  const pattern = unit === "word" ? /\s+|\S+/g : /[\s\S]+?(?:[.!?]+\s+|\n+|$)/g;
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    if (at < end) return [match.index, end];
  }
  return [at, at];
}
