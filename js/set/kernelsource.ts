/** The rows stay with the kernel, which is asked by messages and answers with the number of each. */

import type { Model } from "../state/model.ts";
import { decodeHalves } from "../wire/halves.ts";
import type { Look, Value } from "./look.ts";
import type { Bars, Groups, OpenedRow, Page, SomeRows, Source, Which, Worst } from "./source.ts";

interface Answer {
  tokenviz: string;
  asked: number;
  error?: string;
  [name: string]: unknown;
}

interface Waiting {
  question: object;
  resolve: (answer: [Answer, readonly DataView[]] | null) => void;
  reject: (error: Error) => void;
}

/** Milliseconds after which no answer is a silence: a kernel may compute, or be gone. */
export const PATIENCE = 5000;

const GONE = "The kernel is gone: run the cell again.";
const ENDED = "The server has ended: run tokenviz view again.";
/** What a served model fails with. */
const SERVER_ENDED = "the server has ended";

/** One of each kind is on its way; of those that wait, the last. */
class Lane {
  flying: number | null = null;
  next: Waiting | null = null;
}

export class KernelSource implements Source {
  readonly queries = true;
  readonly said = null;
  readonly #model: Model;
  readonly #lanes = new Map<string, Lane>();
  readonly #asked = new Map<number, { lane: Lane; waiting: Waiting }>();
  readonly #silent: (silent: boolean) => void;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #isSilent = false;
  #last = 0;

  /** `silent` hears when no answer came for a while, and when one comes after all. */
  constructor(model: Model, silent: (silent: boolean) => void, signal: AbortSignal) {
    this.#model = model;
    this.#silent = silent;
    signal.addEventListener("abort", () => clearTimeout(this.#patience));
    // Views of one model hear each other's answers; the numbers tell.
    this.#last = Math.floor(Math.random() * 2 ** 40);
    const hear = (content: unknown, buffers: unknown) => this.#hear(content as Answer, buffers);
    model.on("msg:custom", hear);
    signal.addEventListener("abort", () => model.off("msg:custom", hear));
  }

  async rows(
    look: Look,
    start: number,
    count: number,
    columns: readonly string[],
    channel: string,
  ) {
    const found = await this.#ask("rows", look, { start, count, columns });
    if (found === null) return null;
    const [answer, [content]] = found;
    // Of another channel, which the kernel did not know of: it is asked again when it is told.
    if (answer.channel !== channel) answer.lengths = (answer.lengths as number[]).map(() => 0);
    const { buffer, byteOffset, byteLength } = content;
    const bits = new Uint16Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
    const values = decodeHalves(bits);
    let at = 0;
    const strips = (answer.lengths as number[]).map((length) => {
      at += length;
      return values.subarray(at - length, at);
    });
    return { ...answer, strips } as unknown as Page;
  }

  async some(look: Look, count: number, columns: readonly string[]) {
    const found = await this.#ask("some", look, { start: 0, count, columns });
    return found === null ? null : (found[0] as unknown as SomeRows);
  }

  async bars(look: Look, columns: readonly string[]) {
    const found = await this.#ask("heads", look, { columns });
    if (found === null) return null;
    const { whole, now } = found[0] as unknown as {
      whole: Record<string, Bars>;
      now: Record<string, number[]>;
    };
    return new Map(
      Object.entries(whole).map(([name, bars]) => [name, { ...bars, now: now[name] ?? null }]),
    );
  }

  async values(column: string) {
    const found = await this.#ask("values", null, { column });
    return found === null ? null : (found[0].values as [Value, number][]);
  }

  async groups(look: Look, by: string, columns: readonly string[]) {
    const found = await this.#ask("groups", look, { column: by, columns });
    return found === null ? null : (found[0] as unknown as Groups);
  }

  async worst(look: Look, _channel: string, count: number) {
    const found = await this.#ask("worst", look, { count });
    return found === null ? null : (found[0] as unknown as Worst);
  }

  async open(look: Look, which: Which) {
    const found = await this.#ask("open", look, which);
    if (found === null) return null;
    const [answer, buffers] = found;
    if (answer.place === null) return undefined;
    const { place, key } = answer as unknown as OpenedRow;
    return { place, key, ...rebuilt(answer as unknown as Taken, buffers) };
  }

  async place(look: Look, key: string) {
    const found = await this.#ask("place", look, { key });
    return found === null ? null : ((found[0].place as number | null) ?? undefined);
  }

  #ask(
    what: string,
    look: Look | null,
    rest: object,
  ): Promise<[Answer, readonly DataView[]] | null> {
    let lane = this.#lanes.get(what);
    if (lane === undefined) {
      lane = new Lane();
      this.#lanes.set(what, lane);
    }
    const own = lane;
    return new Promise((resolve, reject) => {
      const question = { tokenviz: "set", what, look: look ?? {}, ...rest };
      own.next?.resolve(null);
      own.next = { question, resolve, reject };
      if (own.flying === null) this.#send(own);
    });
  }

  #send(lane: Lane): void {
    const waiting = lane.next;
    if (waiting === null) return;
    lane.next = null;
    this.#last += 1;
    lane.flying = this.#last;
    this.#asked.set(this.#last, { lane, waiting });
    this.#wait();
    try {
      this.#model.send?.({ ...waiting.question, asked: this.#last });
    } catch (error) {
      this.#asked.delete(this.#last);
      lane.flying = null;
      // Only a page's server says this (`serve/model.ts`): there is no cell to run again there.
      const ended = error instanceof Error && error.message === SERVER_ENDED;
      waiting.reject(new Error(ended ? ENDED : GONE));
    }
  }

  /** Whoever waits is told after a while that no answer comes. */
  #wait(): void {
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      this.#isSilent = true;
      this.#silent(true);
    }, PATIENCE);
  }

  #heard(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    if (this.#isSilent) {
      this.#isSilent = false;
      this.#silent(false);
    }
    if (this.#asked.size > 0) this.#wait();
  }

  #hear(content: Answer, buffers: unknown): void {
    if (content?.tokenviz !== "set") return;
    const found = this.#asked.get(content.asked);
    if (found === undefined) return;
    this.#asked.delete(content.asked);
    this.#heard();
    const { lane, waiting } = found;
    lane.flying = null;
    this.#send(lane);
    if (content.error !== undefined) waiting.reject(new Error(content.error));
    else waiting.resolve([content, (buffers ?? []) as readonly DataView[]]);
  }
}

export interface Taken {
  state: Omit<OpenedRow, "place" | "key">;
  paths: readonly (readonly (string | number)[])[];
}

/** The state with its buffers back in their places. */
export function rebuilt({ state, paths }: Taken, buffers: readonly DataView[]): Taken["state"] {
  paths.forEach((path, i) => {
    let branch = state as unknown as Record<string | number, unknown>;
    for (const key of path.slice(0, -1)) branch = branch[key] as Record<string | number, unknown>;
    branch[path[path.length - 1]] = buffers[i];
  });
  return state;
}
