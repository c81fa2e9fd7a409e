/** A module's bundle, or a style sheet, as text: see bundled.mjs. */
declare module "*?bundled" {
  const code: string;
  export default code;
}
