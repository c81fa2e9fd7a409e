/** Tokens as columns, and what kind each is. */

/** Of an "unknown" one the bytes are not known: what a producer wrote stands for them. */
export type TokenKind = "text" | "special" | "part" | "byte" | "unknown" | "expression" | "number";

/** Tokens by column: entry i of each list belongs to token i. */
export interface TokenTable {
  label: readonly string[];
  id: readonly (number | null)[];
  /** Bytes in hexadecimal, e.g. "20 74 68 65"; null where the label spells them (js/wire/tokens.ts). */
  bytes: readonly (string | null)[];
  kind: readonly TokenKind[];
}
