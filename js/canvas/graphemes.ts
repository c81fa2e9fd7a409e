/** What a reader sees as characters: an emoji with its modifiers is one. */

/** Where each unit of the text is a character. Making a segmenter reads tables for a long time. */
const PLAIN = /^[ -~¡-ÿ␣…⟨⟩]*$/;

let segmenter: Intl.Segmenter | null = null;

export function graphemes(text: string): string[] {
  if (PLAIN.test(text)) return text.split("");
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
