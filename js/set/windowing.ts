/**
 * Which rows are seen: rows of one height in a body that may be a million of them high.
 *
 * No browser lays out as many pixels as a million rows have, so the scrolled content is cut at a
 * height, and stands for all of them: a short scroll moves the rows by its pixels, a long one (of the
 * bar, say) to the place that the bar is at. Where these differ, the bar is put right at rest.
 */

/** The most that Firefox lays out is some 17 million pixels. */
const TALLEST = 8_000_000;

export class Windowing {
  readonly height: number;
  /** Pixels of the viewport that rows have. */
  #room = 0;
  #count = 0;
  #top = 0;
  /** Pixels of all rows that are above the viewport, which need not be where the bar is. */
  offset = 0;

  constructor(height: number) {
    this.height = height;
  }

  get content(): number {
    return Math.min(this.#count * this.height, TALLEST);
  }

  get count(): number {
    return this.#count;
  }

  /** The first row that is seen, and the row after the last. */
  get seen(): [number, number] {
    const first = Math.floor(this.offset / this.height);
    const last = Math.ceil((this.offset + this.#room) / this.height);
    return [Math.min(first, this.#count), Math.min(last, this.#count)];
  }

  get #most(): number {
    return Math.max(0, this.#count * this.height - this.#room);
  }

  get #mostTop(): number {
    return Math.max(0, this.content - this.#room);
  }

  resize(count: number, room: number): void {
    this.#count = count;
    this.#room = room;
    this.offset = Math.min(this.offset, this.#most);
    this.#top = this.rest();
  }

  /** The viewport was scrolled. */
  scrolled(top: number): void {
    const moved = top - this.#top;
    this.#top = top;
    const ends = top <= 0 || top >= this.#mostTop;
    if (Math.abs(moved) <= this.#room && this.content === TALLEST && !ends) {
      this.offset = Math.min(this.#most, Math.max(0, this.offset + moved));
      return;
    }
    this.offset = this.#mostTop === 0 ? 0 : (top / this.#mostTop) * this.#most;
  }

  /** Where the bar is to be, for the rows that are seen. */
  rest(): number {
    return this.#most === 0 ? 0 : Math.round((this.offset / this.#most) * this.#mostTop);
  }

  /** The bar was put there. */
  put(top: number): void {
    this.#top = top;
  }

  /** Moves the rows so that one is in view. */
  reveal(row: number): void {
    const [above, below] = [row * this.height, (row + 1) * this.height - this.#room];
    this.offset = Math.min(this.#most, Math.max(0, Math.min(above, Math.max(below, this.offset))));
  }
}
