/**
 * The trace as tab-separated values: one line for each chosen token and each shown alternative.
 *
 * Slot 0 is the chosen token. The log-probability is the data and is written in full; the
 * probability is for reading, to the six digits that a float32 logarithm leaves it.
 */

import { shortest } from "../numbers.ts";
import type { TraceData } from "../state.ts";

const HEADER = ["position", "slot", "token", "probability", "log-probability"];

export function tsv(data: TraceData, shown: Uint8Array): string {
  const lines = [HEADER.join("\t")];
  for (let position = 0; position < data.index.length; position++) {
    lines.push(line(data, position, 0, data.index[position], data.logprobs[position]));
    for (let slot = 1; slot <= shown[position]; slot++) {
      const j = data.offsets[position] + slot - 1;
      const { alternative_index, alternative_logprobs } = data;
      lines.push(line(data, position, slot, alternative_index[j], alternative_logprobs[j]));
    }
  }
  return `${lines.join("\n")}\n`;
}

function line(
  { vocabulary }: TraceData,
  position: number,
  slot: number,
  index: number,
  logprob: number,
): string {
  const probability = Math.min(1, Math.exp(logprob));
  return [
    position + 1,
    slot,
    quoted(vocabulary.label[index]),
    number(Number(probability.toPrecision(6))),
    number(logprob),
  ].join("\t");
}

/** Nothing stands for unknown. */
function number(value: number): string {
  return Number.isNaN(value) ? "" : shortest(value);
}

/** Spreadsheets and pandas read a field with a quotation mark only when it is quoted. */
function quoted(field: string): string {
  return field.includes('"') ? `"${field.replaceAll('"', '""')}"` : field;
}
