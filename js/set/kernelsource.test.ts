import { describe, expect, it } from "vitest";
import { MemoryModel } from "../state/model.ts";
import { KernelSource } from "./kernelsource.ts";
import { START } from "./look.ts";

interface Said {
  asked: number;
  what: string;
  start: number;
}

/** A model whose kernel answers when it is told to. */
class Asked extends MemoryModel {
  readonly said: Said[] = [];
  #hear: ((content: unknown, buffers: unknown) => void) | undefined;

  constructor() {
    super({});
  }

  send(content: unknown): void {
    this.said.push(content as Said);
  }

  override on(event: string, listener: (content?: unknown, buffers?: unknown) => void): void {
    if (event === "msg:custom") this.#hear = listener;
  }

  answer(which: number, more: object): void {
    const { asked } = this.said[which];
    const strips = new DataView(new Uint16Array([0x3c00, 0x4000]).buffer);
    this.#hear?.({ tokenviz: "set", asked, lengths: [0, 2], channel: "rank", ...more }, [strips]);
  }
}

function set() {
  const model = new Asked();
  const source = new KernelSource(model, () => {}, new AbortController().signal);
  const rows = (start: number) => source.rows(START, start, 64, [], "rank");
  return { model, source, rows };
}

describe("questions to the kernel", () => {
  it("are one at a time; of those that wait, the last is asked", async () => {
    const { model, rows } = set();
    const answers = [rows(0), rows(64), rows(128), rows(192)];
    expect(model.said.map(({ start }) => start)).toEqual([0]);
    model.answer(0, { start: 0 });
    expect(model.said.map(({ start }) => start)).toEqual([0, 192]);
    model.answer(1, { start: 192 });
    expect((await Promise.all(answers)).map((page) => page?.start)).toEqual([
      ...[0, undefined, undefined, 192],
    ]);
  });

  it("of other kinds do not wait for each other", () => {
    const { model, source, rows } = set();
    void rows(0);
    void source.place(START, "a");
    expect(model.said.map(({ what }) => what)).toEqual(["rows", "place"]);
  });

  it("hear their own answers, errors, and nobody else's", async () => {
    const { model, rows } = set();
    const first = rows(0);
    model.answer(0, { asked: -1, error: "another view's" });
    model.answer(0, { error: "no such column" });
    await expect(first).rejects.toThrow("no such column");
    const second = rows(64);
    model.answer(1, { start: 64 });
    expect((await second)?.strips).toEqual([new Float32Array(0), new Float32Array([1, 2])]);
  });

  it("leave out strips of another channel than is shown", async () => {
    const { model, rows } = set();
    const page = rows(0);
    model.answer(0, { start: 0, channel: "logprob" });
    expect((await page)?.strips.map(({ length }) => length)).toEqual([0, 0]);
  });
});
