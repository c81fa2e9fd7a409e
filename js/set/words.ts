/** The words that are looked for, in a text: capitals or not, as the kernel finds them. */

/** Characters before what was found that stay, where a text does not begin close to it. */
const BEFORE = 16;
const CLOSE = 24;

/** What finds words; null where there are none. */
export function finder(words: string): RegExp | null {
  if (words === "") return null;
  // Unicode's pattern takes these escaped, and nothing else.
  return new RegExp(words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

export function holds(text: string | null, words: RegExp): boolean {
  words.lastIndex = 0;
  return text !== null && words.test(text);
}

/** Before what is shown of a prompt. */
const PROMPT = "prompt: ";

/**
 * What is shown of a row: its text from where what was found can be seen, or its prompt from there;
 * as `tokenviz.browse.words`.
 */
export function around(text: string | null, words: RegExp, prompt: string | null): string | null {
  if (text !== null && holds(text, words)) return from(text, words);
  if (prompt !== null && holds(prompt, words)) return `${PROMPT}${from(prompt, words)}`;
  return text;
}

function from(text: string, words: RegExp): string {
  words.lastIndex = 0;
  const at = words.exec(text)?.index ?? 0;
  if (at <= CLOSE) return text;
  // No half of a character.
  return `…${Array.from(text.slice(0, at)).slice(-BEFORE).join("")}${text.slice(at)}`;
}

/** The text in pieces, and of each whether it is what was looked for. */
export function pieces(text: string, words: RegExp): (readonly [string, boolean])[] {
  const found: (readonly [string, boolean])[] = [];
  let end = 0;
  for (const { 0: own, index } of text.matchAll(words)) {
    found.push([text.slice(end, index), false], [own, true]);
    end = index + own.length;
  }
  found.push([text.slice(end), false]);
  return found.filter(([piece]) => piece !== "");
}
