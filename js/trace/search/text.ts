/**
 * The text of the path as it reads, and which position each of its characters belongs to.
 *
 * A token is bytes, and a character may be split over several: a run of tokens that are not whole
 * characters by themselves is decoded together. Each distinct token is decoded once.
 */

import type { TraceData } from "../../data/trace.ts";
import { octetsOf } from "../../wire/tokens.ts";
import type { Stretch } from "../marks.ts";
import { firstAtLeast } from "./threshold.ts";

export class PathText {
  readonly text: string;
  /** The first character that each position's bytes are of, and the end of its last one. */
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  constructor({ vocabulary, index }: Pick<TraceData, "vocabulary" | "index">) {
    const known = new Map<number, Decoded>();
    const decoded = (entry: number): Decoded => {
      let found = known.get(entry);
      if (found === undefined) {
        found = decode(octetsOf(vocabulary, entry));
        known.set(entry, found);
      }
      return found;
    };
    this.#starts = new Uint32Array(index.length);
    this.#ends = new Uint32Array(index.length);
    const parts: string[] = [];
    let length = 0;
    let run: Run | null = null;
    for (let position = 0; position < index.length; position++) {
      this.#starts[position] = length;
      const { text, bytes } = decoded(index[position]);
      let part = text ?? "";
      if (text === null) {
        run ??= new Run();
        part = run.add(bytes);
        const next = position + 1 < index.length ? decoded(index[position + 1]) : null;
        if (next === null || next.text !== null) {
          part += run.end();
          run = null;
        }
      }
      parts.push(part);
      length += part.length;
      this.#ends[position] = length + (run?.unfinished ? 1 : 0);
    }
    this.text = parts.join("");
  }

  /** The characters that a position's bytes are of, start and end (excluded). */
  charactersOf(position: number): Stretch {
    return [this.#starts[position], this.#ends[position]];
  }

  /** The positions whose tokens hold the characters from `start` to `end` (excluded). */
  positionsOf(start: number, end: number): Stretch {
    // Neither list falls: the first token that ends after the start, the last before the end.
    return [firstAtLeast(this.#ends, start + 1), firstAtLeast(this.#starts, end) - 1];
  }
}

/** Tokens that are whole characters only together. */
class Run {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** The last bytes, as many as may belong to a character that is not finished. */
  #tail: number[] = [];

  /** The characters that these bytes finish. */
  add(bytes: Uint8Array): string {
    this.#tail = [...this.#tail, ...bytes.slice(-3)].slice(-3);
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** What is left over belongs to no character. */
  end(): string {
    return this.#decoder.decode();
  }

  /** Does a character go on in the next token? */
  get unfinished(): boolean {
    for (let back = 1; back <= this.#tail.length; back++) {
      const byte = this.#tail[this.#tail.length - back];
      if ((byte & 0xc0) === 0x80) continue;
      if (byte < 0xc0) return false;
      return back < (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4);
    }
    return false;
  }
}

interface Decoded {
  /** null when the bytes are not whole characters. */
  text: string | null;
  bytes: Uint8Array;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): Decoded {
  try {
    return { text: strict.decode(bytes), bytes };
  } catch {
    return { text: null, bytes };
  }
}
