/** A module's bundle as text: see bundled.mjs. */
declare module "*?bundled" {
  const code: string;
  export default code;
}
