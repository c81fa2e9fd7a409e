/**
 * From the scroll bar to the content, which may be taller than an element can be.
 *
 * Browsers cap the size of an element (Firefox at about 17 million pixels, Chromium at 33). A
 * spacer stands in for the content: as long as the content up to a limit, and beyond it shorter, so
 * that the bar's place is proportional to the content's. What is scrolled to from here is kept
 * exactly, because one pixel of a short spacer is several of the content.
 */

/** The longest spacer, in CSS pixels: below what any browser caps. */
export const LONGEST_SPACER = 10_000_000;

/** One direction of scrolling. */
export class ScrollAxis {
  #content = 0;
  #view = 0;
  /** Where the element was put, and what part of the content that stands for. */
  #exact: { scrolled: number; offset: number } | null = null;

  resize(content: number, view: number): void {
    if (content === this.#content && view === this.#view) return;
    this.#content = content;
    this.#view = view;
    this.#exact = null;
  }

  /** The length of the spacer. */
  get spacer(): number {
    return Math.min(this.#content, LONGEST_SPACER);
  }

  /** The content's offset, given how far the element is scrolled. */
  offset(scrolled: number): number {
    if (this.#content <= LONGEST_SPACER) return scrolled;
    if (this.#exact !== null && Math.abs(this.#exact.scrolled - scrolled) < 1) {
      return this.#exact.offset;
    }
    return scrolled * this.#ratio;
  }

  /** How far to scroll the element to bring this offset of the content to the edge. */
  scrollFor(offset: number): number {
    const inside = Math.min(Math.max(0, offset), Math.max(0, this.#content - this.#view));
    if (this.#content <= LONGEST_SPACER) return inside;
    const scrolled = Math.round(inside / this.#ratio);
    this.#exact = { scrolled, offset: inside };
    return scrolled;
  }

  /** Pixels of the content for each pixel that the element is scrolled. */
  get #ratio(): number {
    return (this.#content - this.#view) / (LONGEST_SPACER - this.#view);
  }
}
