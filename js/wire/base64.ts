/** Base64 to bytes: a page may carry tens of megabytes of it, so it is read as fast as it goes. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PAD = "=".charCodeAt(0);

interface NativeBase64 {
  fromBase64?: (text: string) => Uint8Array<ArrayBuffer>;
}

/** The bytes that the text stands for. Throws a SyntaxError when it is not base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native = (Uint8Array as unknown as NativeBase64).fromBase64;
  return native === undefined ? fromBase64ByTable(text) : native.call(Uint8Array, text);
}

/** The same for browsers that cannot do it themselves; `text` without white space, padded. */
export function fromBase64ByTable(text: string): Uint8Array<ArrayBuffer> {
  const codes = new TextEncoder().encode(text);
  if (codes.length % 4 !== 0) throw new SyntaxError("base64: its length is not a multiple of 4");
  let end = codes.length;
  while (end > codes.length - 2 && codes[end - 1] === PAD) end--;
  const sextet = new Uint8Array(256).fill(64);
  for (let i = 0; i < 64; i++) sextet[ALPHABET.charCodeAt(i)] = i;
  const bytes = new Uint8Array(Math.floor((end * 3) / 4));
  let seen = 0;
  const whole = end - (end % 4);
  let to = 0;
  for (let i = 0; i < whole; i += 4) {
    const [a, b, c, d] = [
      sextet[codes[i]],
      sextet[codes[i + 1]],
      sextet[codes[i + 2]],
      sextet[codes[i + 3]],
    ];
    seen |= a | b | c | d;
    bytes[to++] = (a << 2) | (b >> 4);
    bytes[to++] = (b << 4) | (c >> 2);
    bytes[to++] = (c << 6) | d;
  }
  let rest = 0;
  for (let i = whole; i < end; i++) {
    seen |= sextet[codes[i]];
    rest = (rest << 6) | sextet[codes[i]];
  }
  if (end % 4 === 3) [bytes[to], bytes[to + 1]] = [rest >> 10, rest >> 2];
  if (end % 4 === 2) bytes[to] = rest >> 4;
  if (seen >= 64) throw new SyntaxError("base64: a character is not of its alphabet");
  return bytes;
}
