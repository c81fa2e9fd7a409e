/** What the tooltip says of a token, in either figure. */

import { escapedCharacters } from "../a11y/characters.ts";
import type { TokenTable } from "../data/tokens.ts";
import { bytesOf } from "../wire/tokens.ts";
import type { Fact } from "./drawing.ts";

/** Bytes that are written out of a token that has more. */
const MOST_BYTES = 48;

export function tokenFacts(table: TokenTable, index: number): Fact[] {
  const { label, kind, id } = table;
  const lines: Fact[] = [{ name: tokenNoun(kind[index]), value: label[index], mono: true }];
  const characters = escapedCharacters(label[index]);
  if (characters.length > 0) lines.push({ name: "invisible", value: characters.join(", ") });
  const bytes = kind[index] === "unknown" ? "unknown" : cut(bytesOf(table, index));
  lines.push({ name: "bytes", value: bytes, mono: true });
  if (id[index] !== null) lines.push({ name: "id", value: String(id[index]) });
  return lines;
}

export function tokenNoun(kind: TokenTable["kind"][number]): string {
  return kind === "special" ? "special token" : "token";
}

/** The beginning of many bytes in hexadecimal, and how many there are. */
function cut(bytes: string): string {
  const count = Math.ceil(bytes.length / 3);
  if (count <= MOST_BYTES) return bytes;
  return `${bytes.slice(0, 3 * MOST_BYTES - 1)} … (${count} bytes)`;
}
