/** A typed array that grows at its end, doubling its room: adding costs what is added. */

type Numbers = Uint32Array | Int32Array | Float32Array;

export abstract class Column<A extends Numbers> {
  #room: A;
  #length: number;

  constructor(values: A) {
    this.#room = values;
    this.#length = values.length;
  }

  /** A view of what there is. It keeps what it shows when more is added. */
  get values(): A {
    return this.#room.subarray(0, this.#length) as A;
  }

  /** Puts values in the place of all from `start` on. */
  replace(start: number, values: A): void {
    const length = start + values.length;
    // Who holds a view of the old room keeps it as it was, but for what is replaced in place.
    if (length > this.#room.length) {
      const room = this.allocate(Math.max(length, 2 * this.#room.length, 64));
      room.set(this.#room.subarray(0, start));
      this.#room = room;
    }
    this.#room.set(values, start);
    this.#length = length;
  }

  protected abstract allocate(length: number): A;
}

export class FloatColumn extends Column<Float32Array> {
  protected allocate(length: number): Float32Array {
    return new Float32Array(length);
  }
}

export class UintColumn extends Column<Uint32Array> {
  protected allocate(length: number): Uint32Array {
    return new Uint32Array(length);
  }
}

export class IntColumn extends Column<Int32Array> {
  protected allocate(length: number): Int32Array {
    return new Int32Array(length);
  }
}
