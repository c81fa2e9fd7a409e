import { expect, test, vi } from "vitest";
import type { TraceData } from "../data/trace.ts";
import { hear, listen } from "../state/hear.ts";
import { MemoryModel } from "../state/model.ts";
import { random } from "../testing.ts";
import { randomSteps, traceData } from "../trace/testing.ts";
import { decodeTrace, type TraceWire } from "../wire/codec.ts";
import { bytesOf } from "../wire/tokens.ts";
import { continues, GrowingTrace, growingFrom, type News, type Piece } from "./growing.ts";

const STATUS = { running: true, rate: null, error: null };

/** A trace as `_data` brings it. */
function wireOf(data: TraceData): TraceWire {
  const entries = Object.entries(data).map(([name, value]) => {
    if (!ArrayBuffer.isView(value)) return [name, structuredClone(value)];
    const values = value as Float32Array;
    const dtype = values.constructor.name.replace("Array", "").toLowerCase();
    return [name, { dtype, shape: [values.length], view: new DataView(values.slice().buffer) }];
  });
  return Object.fromEntries(entries);
}

/** The first positions of a trace; the vocabulary's entries that they and what was before need. */
function until(data: TraceData, positions: number, entries = entriesOf(data, positions)) {
  const alternatives = data.offsets[positions];
  const { label, id, bytes, kind } = data.vocabulary;
  return {
    facts: data.facts,
    channels: data.channels,
    vocabulary: {
      label: label.slice(0, entries),
      id: id.slice(0, entries),
      bytes: bytes.slice(0, entries),
      kind: kind.slice(0, entries),
    },
    index: data.index.slice(0, positions),
    logprobs: data.logprobs.slice(0, positions),
    ranks: data.ranks.slice(0, positions),
    entropies: data.entropies.slice(0, positions),
    offsets: data.offsets.slice(0, positions + 1),
    alternative_index: data.alternative_index.slice(0, alternatives),
    alternative_logprobs: data.alternative_logprobs.slice(0, alternatives),
  };
}

function entriesOf(data: TraceData, positions: number): number {
  const used = [
    ...data.index.slice(0, positions),
    ...data.alternative_index.slice(0, data.offsets[positions]),
  ];
  return Math.max(-1, ...used) + 1;
}

/** Positions from `start` to `end`, as the kernel sends them; at an odd place of a larger buffer. */
function piece(data: TraceData, start: number, end: number, known: number): [Piece, DataView] {
  const [first, last] = [data.offsets[start], data.offsets[end]];
  const columns = [
    data.index.slice(start, end),
    data.logprobs.slice(start, end),
    data.ranks.slice(start, end),
    data.entropies.slice(start, end),
    Uint32Array.from({ length: end - start }, (_, i) => {
      return data.offsets[start + i + 1] - data.offsets[start + i];
    }),
    data.alternative_index.slice(first, last),
    data.alternative_logprobs.slice(first, last),
  ];
  const bytes = columns.flatMap(({ buffer }) => [...new Uint8Array(buffer)]);
  const larger = new Uint8Array([7, ...bytes, 7]);
  const entries = until(data, end).vocabulary;
  const [n, k] = [end - start, last - first];
  return [
    {
      ...{ start, positions: n, alternatives: k, vocabulary_start: known },
      vocabulary: {
        label: entries.label.slice(known),
        id: entries.id.slice(known),
        bytes: entries.bytes.slice(known),
        kind: entries.kind.slice(known),
      },
    },
    new DataView(larger.buffer, 1, bytes.length),
  ];
}

/** A trace whose vocabulary is numbered as its tokens come, and whose columns are none alike. */
function growingOrder(seed: number, positions: number): TraceData {
  const next = random(seed);
  const data = traceData(randomSteps(positions, 4, next));
  const renumbered = new Map<number, number>();
  const number = (old: number) => {
    if (!renumbered.has(old)) renumbered.set(old, renumbered.size);
    return renumbered.get(old) as number;
  };
  const [index, alternatives] = [data.index.slice(), data.alternative_index.slice()];
  for (let i = 0; i < positions; i++) {
    for (let j = data.offsets[i]; j < data.offsets[i + 1]; j++) {
      alternatives[j] = number(data.alternative_index[j]);
    }
    index[i] = number(data.index[i]);
  }
  const order = [...renumbered.keys()];
  const { label, id, bytes, kind } = data.vocabulary;
  return {
    ...data,
    index,
    alternative_index: alternatives,
    ranks: data.ranks.map(() => 1 + Math.floor(9 * next())),
    entropies: data.entropies.map((_, i) => (i % 7 === 0 ? Number.NaN : next())),
    vocabulary: {
      label: order.map((i) => label[i]),
      id: order.map((i) => id[i]),
      bytes: order.map((i) => bytes[i]),
      kind: order.map((i) => kind[i]),
    },
  };
}

test.each([1, 2, 3, 4, 5, 6])("pieces cut anywhere add up to the whole (%i)", (seed) => {
  const whole = growingOrder(seed, 150);
  const next = random(100 + seed);
  let end = Math.floor(next() * 20);
  const growing = new GrowingTrace(until(whole, end));
  while (end < 150) {
    // Now and then a piece goes back, and tells again what is known.
    const start = Math.max(0, end - Math.floor(next() * 4));
    const known = Math.floor(next() * (growing.known.vocabulary + 1));
    end = Math.min(150, end + 1 + Math.floor(next() * 12));
    expect(growing.take(...piece(whole, start, end, known))).toBe(true);
    expect(growing.data).toEqual(until(whole, end));
  }
  expect(growing.data).toEqual(whole);
});

test("a vocabulary may come in its short form, also when nothing of it is new", () => {
  const whole = growingOrder(6, 20);
  const growing = new GrowingTrace(until(whole, 10));
  const [content, bytes] = piece(whole, 10, 20, growing.known.vocabulary);
  const { label } = content.vocabulary;
  const vocabulary = { label, kind: "text", id: null, bytes: label.map(() => null) };
  expect(growing.take({ ...content, vocabulary } as Piece, bytes)).toBe(true);
  const entries = entriesOf(whole, 20);
  expect(growing.data.vocabulary.kind).toEqual(Array(entries).fill("text"));
  for (const entry of [0, entries - 1]) {
    expect(bytesOf(growing.data.vocabulary, entry)).toBe(bytesOf(whole.vocabulary, entry));
  }
  const nothing = { label: [], kind: [], id: null, bytes: [] };
  const again = { ...content, vocabulary: nothing, vocabulary_start: entries };
  expect(growing.take(again, bytes)).toBe(true);
  expect(growing.data.vocabulary.id).toHaveLength(entries);
});

test("a view of what there was stays as it was", () => {
  const whole = growingOrder(7, 300);
  const growing = new GrowingTrace(until(whole, 100));
  const before = growing.data;
  const length = until(whole, 100).index.length;
  for (let end = 110; end <= 300; end += 10) {
    growing.take(...piece(whole, end - 10, end, growing.known.vocabulary));
  }
  expect(before.index).toHaveLength(length);
  expect(before.index).toEqual(whole.index.slice(0, 100));
});

test("a piece that replaces labels replaces nothing else", () => {
  const whole = growingOrder(8, 40);
  const growing = new GrowingTrace(until(whole, 40));
  const changed = { ...whole, index: whole.index.map((entry, i) => (i > 36 ? 0 : entry)) };
  expect(growing.take(...piece(changed, 37, 40, growing.known.vocabulary))).toBe(true);
  expect(growing.data).toEqual(changed);
});

test("a gap is noticed, in the positions and in the vocabulary", () => {
  const whole = growingOrder(9, 60);
  const growing = new GrowingTrace(until(whole, 10));
  expect(growing.take(...piece(whole, 11, 20, 0))).toBe(false);
  const missing = growing.known.vocabulary + 1;
  expect(growing.take(...piece(whole, 10, 20, missing))).toBe(false);
  expect(growing.data).toEqual(until(whole, 10));
  expect(() => growing.take(piece(whole, 10, 20, 0)[0], new DataView(new ArrayBuffer(8)))).toThrow(
    "a piece of 10 positions",
  );
});

test("a trace continues what it begins with", () => {
  const whole = growingOrder(10, 50);
  expect(continues(until(whole, 20), whole)).toBe(true);
  expect(continues(whole, whole)).toBe(true);
  expect(continues(whole, until(whole, 20))).toBe(false);
  expect(continues(growingOrder(11, 20), whole)).toBe(false);
  const other = { ...whole.vocabulary, label: whole.vocabulary.label.map((label) => `${label}!`) };
  expect(continues(until(whole, 20), { ...whole, vocabulary: other })).toBe(false);
  // The same tokens, of which some were not written but given.
  expect(continues({ ...until(whole, 20), given: 5 }, { ...whole, given: 5 })).toBe(true);
  expect(continues({ ...until(whole, 20), given: 5 }, { ...whole, given: 6 })).toBe(false);
});

test("what a trace was given to go on from is kept", () => {
  const wire = { ...wireOf(until(growingOrder(10, 50), 20)), given: 4 };
  const prompt = { roles: ["user", "user", "template", "template"], turns: [0, 0, 0, 0] };
  const { data } = new GrowingTrace(decodeTrace({ ...wire, prompt }));
  expect(data).toMatchObject({ given: 4, prompt });
});

function model(wire: TraceWire) {
  const memory = new MemoryModel({ _kind: "trace", _data: wire });
  const send = vi.fn();
  return Object.assign(memory, { send });
}

test("however many hear a message, it is merged once, and the trait reads as the whole", () => {
  const whole = growingOrder(12, 30);
  const wire = wireOf(until(whole, 10));
  const own = model(wire);
  const controller = new AbortController();
  listen(own, controller.signal);
  const [content, buffer] = piece(whole, 10, 30, entriesOf(whole, 10));
  const news: News = { tokenviz: "grown", live: STATUS, ...content };
  const heard = [1, 2, 3].map(() => hear(own, news, [buffer]));
  expect(heard[0]?.data).toBe(heard[2]?.data);
  expect(heard[0]?.data).toEqual(whole);
  // What a saved notebook would keep: plain leaves, each as long as it should be.
  const saved = structuredClone(wire);
  expect(saved.index.view.buffer.byteLength).toBe(4 * 30);
  expect(decodeTrace(saved)).toEqual(whole);
  expect(own.send).not.toHaveBeenCalled();
  controller.abort();
});

test("after a gap the kernel is asked for the rest, but not all the time", () => {
  const whole = growingOrder(13, 30);
  const own = model(wireOf(until(whole, 5)));
  for (const start of [10, 15, 20]) {
    const [content, buffer] = piece(whole, start, start + 5, 0);
    hear(own, { tokenviz: "grown", live: STATUS, ...content }, [buffer]);
  }
  const vocabulary = entriesOf(whole, 5);
  expect(own.send.mock.calls).toEqual([[{ tokenviz: "missing", positions: 5, vocabulary }]]);
  const [content, buffer] = piece(whole, 5, 30, vocabulary);
  expect(hear(own, { tokenviz: "grown", live: STATUS, ...content }, [buffer])?.data).toEqual(whole);
});

test("messages of others, and beats without news, add nothing", () => {
  const wire = wireOf(growingOrder(14, 5));
  const own = model(wire);
  expect(hear(own, { id: "x", kind: "anywidget-command" }, [])).toBeNull();
  expect(hear(own, null, [])).toBeNull();
  const beat = hear(own, { tokenviz: "grown", live: STATUS }, []);
  expect(beat?.status).toBe(STATUS);
  expect(beat?.data).toBe(growingFrom(wire).data);
});
