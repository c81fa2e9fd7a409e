/**
 * The trace as tab-separated values: one line for each chosen token and each shown alternative.
 *
 * Slot 0 is the chosen token. A prompt's positions are negative: its last token is at −1. A channel that neither column holds has one of its own. The
 * log-probability is the data and is written in full; the
 * probability is for reading, to the six digits that a float32 logarithm leaves it.
 */

import { shortest } from "../color/numbers.ts";
import type { ChannelValues } from "../data/channels.ts";
import { field } from "../data/field.ts";
import type { TraceData } from "../data/trace.ts";

/** Channels that have a column anyway. */
const ALWAYS = new Set(["probability", "logprob"]);
const HEADER = ["position", "slot", "token", "probability", "log-probability"];

export interface TsvChannel {
  channel: string;
  values: ChannelValues;
}

/** With what colours the cells, and what is written in them. */
export function tsv(data: TraceData, shown: Uint8Array, ...channels: TsvChannel[]): string {
  const more = [...new Set(channels)].filter(({ channel }) => !ALWAYS.has(channel));
  const own = (value: (values: ChannelValues) => number | undefined) =>
    more.map(({ values }) => number(value(values) ?? Number.NaN));
  const lines = [[...HEADER, ...more.map(({ channel }) => field(plain(channel)))].join("\t")];
  const { index, logprobs, alternative_index, alternative_logprobs } = data;
  for (let position = 0; position < index.length; position++) {
    const chosen = line(data, position, 0, index[position], logprobs[position]);
    lines.push([...chosen, ...own(({ chosen }) => chosen[position])].join("\t"));
    for (let slot = 1; slot <= shown[position]; slot++) {
      const j = data.offsets[position] + slot - 1;
      const other = line(data, position, slot, alternative_index[j], alternative_logprobs[j]);
      lines.push([...other, ...own(({ alternatives }) => alternatives?.[j])].join("\t"));
    }
  }
  return `${lines.join("\n")}\n`;
}

function line(
  { vocabulary, given = 0 }: TraceData,
  position: number,
  slot: number,
  index: number,
  logprob: number,
): (string | number)[] {
  const probability = Math.min(1, Math.exp(logprob));
  const place = position - given;
  return [
    place < 0 ? place : place + 1,
    slot,
    field(vocabulary.label[index]),
    number(Number(probability.toPrecision(6))),
    number(logprob),
  ];
}

/** Nothing stands for unknown. */
function number(value: number): string {
  return Number.isNaN(value) ? "" : shortest(value);
}

/** The name of a channel may be any text. */
function plain(name: string): string {
  return name.replaceAll(/\s+/g, " ");
}
