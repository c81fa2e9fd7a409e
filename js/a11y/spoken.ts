/** A token's label as a voice can say it: visible signs for what cannot be seen become words. */

import { inWords } from "./characters.ts";

const WORDS: readonly (readonly [string, string])[] = [
  ["␣", " space "],
  ["\\n", " newline "],
  ["\\r", " carriage return "],
  ["\\t", " tab "],
];

export function spoken(label: string): string {
  let text = inWords(label);
  for (const [sign, word] of WORDS) text = text.replaceAll(sign, word);
  return text.replaceAll(/ +/g, " ").trim();
}
