/** Two numbers in each cell of the path, one below the other, where a comparison has two to say. */

export interface Paired {
  write: (position: number) => readonly [string, string];
  /** The widest texts that there may be: columns have room for them. */
  widest: readonly string[];
}
