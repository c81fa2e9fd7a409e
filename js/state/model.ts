/**
 * What the renderer needs of a model: the part of anywidget's that both glues can give.
 */

export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listener: Heard): void;
  off(event: string, listener: Heard): void;
  /** To whoever owns the data; a model that lives in a page has nobody to talk to. */
  send?(content: unknown): void;
  /** Is that a command in a shell, and no kernel? */
  readonly isServed?: boolean;
}

/** Called without arguments for a changed trait, with content and buffers for "msg:custom". */
export type Heard = (content?: unknown, buffers?: unknown) => void;

/** A model that lives in the page: nothing hears of its changes but its listeners. */
export class MemoryModel implements Model {
  readonly #values: Map<string, unknown>;
  readonly #listeners = new Map<string, Set<Heard>>();

  constructor(values: Record<string, unknown>) {
    this.#values = new Map(Object.entries(values));
  }

  get(name: string): unknown {
    return this.#values.get(name);
  }

  set(name: string, value: unknown): void {
    if (Object.is(this.#values.get(name), value)) return;
    this.#values.set(name, value);
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }

  save_changes(): void {}

  on(event: string, listener: Heard): void {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event)?.add(listener);
  }

  off(event: string, listener: Heard): void {
    this.#listeners.get(event)?.delete(listener);
  }
}
