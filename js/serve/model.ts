/**
 * A model whose owner is a server: what a page changes is posted, what the server says is heard.
 * Posts follow one another, so that they arrive in the order in which they were made.
 */

import { type Heard, MemoryModel } from "../state/model.ts";
import { type Data, pack, withBuffers, withoutBuffers } from "./frames.ts";

/** Delivers a message; fails when nobody is there. */
export type Post = (message: Uint8Array<ArrayBuffer>) => Promise<void>;

export class ServedModel extends MemoryModel {
  readonly isServed = true;
  readonly #post: Post;
  /** Settles when what was posted so far has arrived. */
  #posted: Promise<void> = Promise.resolve();
  #changed = new Set<string>();
  #hearing = new Set<Heard>();
  #isLost = false;
  /** The number that the server knows the page by. */
  #page = 0;

  constructor(post: Post) {
    super({});
    this.#post = post;
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    this.#changed.add(name);
  }

  override save_changes(): void {
    if (this.#changed.size === 0) return;
    const changes = Object.fromEntries([...this.#changed].map((name) => [name, this.get(name)]));
    this.#changed.clear();
    const { buffers, ...rest } = withoutBuffers(changes);
    this.#deliver({ method: "update", ...rest }, buffers);
  }

  /** Says something to the server; fails when it is known to be gone. */
  send(content: unknown): void {
    if (this.#isLost) throw new Error("the server has ended");
    this.#deliver({ method: "custom", content });
  }

  /** Nobody answers any more, or somebody does again. */
  set isLost(isLost: boolean) {
    this.#isLost = isLost;
  }

  override on(event: string, listener: Heard): void {
    if (event === "msg:custom") this.#hearing.add(listener);
    else super.on(event, listener);
  }

  override off(event: string, listener: Heard): void {
    this.#hearing.delete(listener);
    super.off(event, listener);
  }

  /** Takes what the server says. */
  hear(data: Data, buffers: DataView[]): void {
    if (data.method === "custom") {
      for (const listener of this.#hearing) listener(data.content, buffers);
    } else if (data.method === "open" || data.method === "update") {
      if (data.method === "open") this.#page = data.page;
      const state = withBuffers(data.state, data.buffer_paths, buffers);
      for (const [name, value] of Object.entries(state)) super.set(name, value);
    }
  }

  #deliver(data: Data, buffers: DataView[] = []): void {
    if (this.#isLost) return;
    const message = pack(this.#page, data, buffers);
    this.#posted = this.#posted.then(() => this.#post(message)).catch(() => {});
  }
}
