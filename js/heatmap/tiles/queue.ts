/**
 * Which tile is asked for next: what is in view, nearest to its middle first, a few at a time.
 *
 * The kernel answers one after the other, so a long list with it would be of what was scrolled away
 * long ago. The list is kept here, and what is no longer in view is never asked for.
 */

export interface TileName {
  level: number;
  row: number;
  column: number;
}

/** What a tile covers, in cells; the ends are not part of it. */
export interface Area {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Questions that may be without an answer at a time. */
export const IN_FLIGHT = 2;

export class TileQueue {
  readonly #area: (tile: TileName) => Area;
  readonly #wanted = new Map<string, TileName>();
  readonly #asked = new Map<string, TileName>();
  #view: Area | null = null;
  /** What is pointed at. */
  #pointed: TileName | null = null;

  constructor(area: (tile: TileName) => Area) {
    this.#area = area;
  }

  /** Something else is in view: what is not, is wanted no more. */
  look(view: Area): void {
    this.#view = view;
    for (const [key, tile] of this.#wanted) {
      if (!meet(this.#area(tile), view)) this.#wanted.delete(key);
    }
    if (this.#pointed !== null && !this.sees(this.#pointed)) this.#pointed = null;
  }

  /** Whether something of a tile is in view. */
  sees(tile: TileName): boolean {
    return this.#view !== null && meet(this.#area(tile), this.#view);
  }

  want(tile: TileName): void {
    const key = keyOf(tile);
    if (!this.#asked.has(key)) this.#wanted.set(key, tile);
  }

  /** Wants one tile before all others, and the one it said before no more. */
  point(tile: TileName): void {
    this.#pointed = this.#asked.has(keyOf(tile)) ? null : tile;
  }

  /** The tile to be asked for now, which thereby is; null when there is none, or enough are. */
  next(): TileName | null {
    if (this.#asked.size >= IN_FLIGHT) return null;
    const nearest = this.#pointed ?? this.#nearest();
    this.#pointed = null;
    if (nearest === null) return null;
    const key = keyOf(nearest);
    this.#wanted.delete(key);
    this.#asked.set(key, nearest);
    return nearest;
  }

  /** An answer came. */
  done(tile: TileName): void {
    this.#asked.delete(keyOf(tile));
  }

  /** How many are without an answer, and how many are wanted beside them. */
  get asked(): number {
    return this.#asked.size;
  }

  get wanted(): number {
    return this.#wanted.size;
  }

  #nearest(): TileName | null {
    let [nearest, least] = [null as TileName | null, Infinity];
    for (const tile of this.#wanted.values()) {
      const distance = this.#distance(tile);
      if (distance < least) [nearest, least] = [tile, distance];
    }
    return nearest;
  }

  /** Squared, from the middle of the view to the middle of the tile, in cells. */
  #distance(tile: TileName): number {
    if (this.#view === null) return 0;
    const [a, b] = [this.#area(tile), this.#view];
    const x = a.left + a.right - b.left - b.right;
    const y = a.top + a.bottom - b.top - b.bottom;
    return x * x + y * y;
  }
}

export function keyOf({ level, row, column }: TileName): string {
  return `${level}/${row}/${column}`;
}

export function meet(a: Area, b: Area): boolean {
  return a.top < b.bottom && b.top < a.bottom && a.left < b.right && b.left < a.right;
}
