/** A module's bundle as a function that returns what it exports: see bundled.mjs. */
declare module "*?alone" {
  const make: () => unknown;
  export default make;
}

/** A style sheet as text. */
declare module "*?bundled" {
  const text: string;
  export default text;
}
