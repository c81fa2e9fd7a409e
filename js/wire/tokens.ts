/**
 * Tables of tokens: how they arrive, and what they leave unsaid.
 *
 * Paired with `_table` and `_spelt` of `tokenviz.wire`: bytes are null where the label spells
 * them, `kind` is one word where all are of that kind, `id` is null where none is known.
 */

import type { TokenKind, TokenTable } from "../data/tokens.ts";

/** A table as it arrives. */
export interface TokenWire {
  label: readonly string[];
  id: readonly (number | null)[] | null;
  bytes: readonly (string | null)[];
  kind: readonly TokenKind[] | TokenKind;
}

export function decodeTable({ label, id, bytes, kind }: TokenWire): TokenTable {
  const { length } = label;
  return {
    label,
    id: id ?? new Array<null>(length).fill(null),
    bytes,
    kind: typeof kind === "string" ? new Array<TokenKind>(length).fill(kind) : kind,
  };
}

/** Rows or columns that have nothing but their number, from 1. */
export function numbered(count: number): TokenTable {
  return {
    label: Array.from({ length: count }, (_, i) => String(i + 1)),
    id: new Array<null>(count).fill(null),
    bytes: new Array<null>(count).fill(null),
    kind: new Array<TokenKind>(count).fill("number"),
  };
}

/** A table of many entries, of which few are distinct. */
export function spread({ label, id, bytes, kind }: TokenTable, index: Uint32Array): TokenTable {
  const each = <T>(column: readonly T[]) => Array.from(index, (i) => column[i]);
  return { label: each(label), id: each(id), bytes: each(bytes), kind: each(kind) };
}

/** A token's bytes in hexadecimal: "20 74 68 65". */
export function bytesOf(table: TokenTable, index: number): string {
  const hexadecimal = (octet: number) => octet.toString(16).padStart(2, "0");
  return table.bytes[index] ?? Array.from(octetsOf(table, index), hexadecimal).join(" ");
}

/** A token's bytes. */
export function octetsOf(table: TokenTable, index: number): Uint8Array<ArrayBuffer> {
  return octets(table.label[index], table.bytes[index], table.kind[index]);
}

/** The bytes that are given in hexadecimal, or else spelt by the label. */
export function octets(
  label: string,
  given: string | null,
  kind: TokenKind,
): Uint8Array<ArrayBuffer> {
  if (given === null) {
    return new TextEncoder().encode(kind === "expression" ? label : label.replaceAll("␣", " "));
  }
  const bytes = new Uint8Array(Math.ceil(given.length / 3));
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(given.slice(3 * i, 3 * i + 2), 16);
  }
  return bytes;
}
