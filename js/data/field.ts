/** A text as a field of tab-separated values, which spreadsheets and pandas read. */

/**
 * What a spreadsheet would take for a formula and run, and what is already marked. Signed numbers
 * are what they look like; the wide signs are those of East Asian keyboards.
 */
const FORMULA = /^'*([=@＝＠＋－\t\r]|[+-](?!\d+(\.\d+)?$))/;

/**
 * Of what could be a formula an apostrophe stands first, as spreadsheets have it: taking one away
 * gives the text. A quotation mark is doubled inside of two; labels hold no tab and no line break.
 */
export function field(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return safe.includes('"') ? `"${safe.replaceAll('"', '""')}"` : safe;
}
