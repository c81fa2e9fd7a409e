/** The smallest of 1, 2, 5, 10, 20, 50, … that is no smaller: labels thin out in these steps. */
export function thinning(every: number): number {
  let step = 1;
  for (let i = 0; step < every; i++) step *= i % 3 === 1 ? 2.5 : 2;
  return step;
}
