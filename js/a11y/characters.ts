/**
 * The names of characters that a label writes as escapes: "\u200d" is the zero width joiner.
 *
 * Those that tokenizers are known to cut off; of others the code point is all that is said.
 */

const NAMES: Readonly<Record<string, string>> = {
  "\\x00": "null",
  "\\x07": "bell",
  "\\x08": "backspace",
  "\\x0b": "vertical tab",
  "\\x0c": "form feed",
  "\\x1b": "escape",
  "\\x7f": "delete",
  "\\x85": "next line",
  "\\xa0": "no-break space",
  "\\xad": "soft hyphen",
  "\\u034f": "combining grapheme joiner",
  "\\u061c": "Arabic letter mark",
  "\\u115f": "Hangul choseong filler",
  "\\u1160": "Hangul jungseong filler",
  "\\u180e": "Mongolian vowel separator",
  "\\u2002": "en space",
  "\\u2003": "em space",
  "\\u2007": "figure space",
  "\\u2009": "thin space",
  "\\u200a": "hair space",
  "\\u200b": "zero width space",
  "\\u200c": "zero width non-joiner",
  "\\u200d": "zero width joiner",
  "\\u200e": "left-to-right mark",
  "\\u200f": "right-to-left mark",
  "\\u2028": "line separator",
  "\\u2029": "paragraph separator",
  "\\u202a": "left-to-right embedding",
  "\\u202b": "right-to-left embedding",
  "\\u202c": "pop directional formatting",
  "\\u202d": "left-to-right override",
  "\\u202e": "right-to-left override",
  "\\u202f": "narrow no-break space",
  "\\u2060": "word joiner",
  "\\u2066": "left-to-right isolate",
  "\\u2067": "right-to-left isolate",
  "\\u2068": "first strong isolate",
  "\\u2069": "pop directional isolate",
  "\\u2800": "Braille pattern blank",
  "\\u3000": "ideographic space",
  "\\u3164": "Hangul filler",
  "\\ufe0e": "variation selector 15, text style",
  "\\ufe0f": "variation selector 16, emoji style",
  "\\ufeff": "byte order mark, zero width no-break space",
};

const ESCAPE = /\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})/g;

/** The characters that a label writes as escapes, each once, by name or code point. */
export function escapedCharacters(label: string): string[] {
  return [...new Set(label.match(ESCAPE) ?? [])].map(named);
}

/** The label with its codes in words. */
export function inWords(label: string): string {
  return label.replaceAll(ESCAPE, (code) => ` ${named(code)} `);
}

function named(code: string): string {
  return NAMES[code] ?? `U+${code.slice(2).toUpperCase().replace(/^0+/, "").padStart(4, "0")}`;
}
