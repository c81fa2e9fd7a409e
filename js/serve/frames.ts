/**
 * Messages of the comm protocol between a page and the server that opened it: each is JSON, and
 * after it its buffers. Paired with `serve/frames.py`.
 *
 * A frame: the number of bytes that follow, the number of those that are JSON (both 32 bits, little
 * end first), the JSON (`data` as a comm has it, and the buffers' lengths), the buffers.
 */

/** What a comm says. */
export type Data =
  | { method: "open"; page: number; state: Record<string, unknown>; buffer_paths: Path[] }
  | { method: "update"; state: Record<string, unknown>; buffer_paths: Path[] }
  | { method: "custom"; content: unknown }
  | { method: "close" }
  | { method: "beat" };

export interface Message {
  data: Data;
  buffers: DataView[];
}

type Path = (string | number)[];
type Holder = Record<string | number, unknown>;

const LENGTH = 4;

/** The messages of a stream, as they come; ends with it. */
export async function* messages(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = stream.getReader();
  let held = new Uint8Array();
  for (;;) {
    while (held.length >= LENGTH && held.length >= LENGTH + at(held, 0)) {
      const end = LENGTH + at(held, 0);
      yield unpack(held.slice(LENGTH, end));
      held = held.subarray(end);
    }
    const { done, value } = await reader.read();
    if (done) return;
    held = joined(held, value);
  }
}

/**
 * A message as bytes, without the first length: a request has its own. `page` is the number of the
 * page that says it.
 */
export function pack(page: number, data: Data, buffers: DataView[]): Uint8Array<ArrayBuffer> {
  const sizes = buffers.map((buffer) => buffer.byteLength);
  const json = new TextEncoder().encode(JSON.stringify({ page, data, buffers: sizes }));
  const length = new Uint8Array(LENGTH);
  new DataView(length.buffer).setUint32(0, json.length, true);
  return joined(length, json, ...buffers.map(bytesOf));
}

/** The other way about; each buffer in memory of its own, so that any array can be laid over it. */
export function unpack(bytes: Uint8Array): Message {
  let start = LENGTH + at(bytes, 0);
  const { data, buffers } = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH, start)));
  return {
    data,
    buffers: buffers.map((size: number) => {
      const own = bytes.slice(start, start + size);
      start += size;
      return new DataView(own.buffer);
    }),
  };
}

/** Takes what is binary out of a state; says where it was. */
export function withoutBuffers(state: Record<string, unknown>): {
  state: Record<string, unknown>;
  buffer_paths: Path[];
  buffers: DataView[];
} {
  const buffer_paths: Path[] = [];
  const buffers: DataView[] = [];
  const plain = (value: unknown, path: Path): unknown => {
    if (value instanceof DataView) {
      buffer_paths.push(path);
      buffers.push(value);
      return undefined; // which JSON leaves out of an object, and writes null for in a list
    }
    if (Array.isArray(value)) return value.map((item, i) => plain(item, [...path, i]));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, plain(item, [...path, name])]),
    );
  };
  return { state: plain(state, []) as Record<string, unknown>, buffer_paths, buffers };
}

/** Puts buffers back where they were. */
export function withBuffers(
  state: Record<string, unknown>,
  paths: Path[],
  buffers: DataView[],
): Record<string, unknown> {
  paths.forEach((path, i) => {
    const holder = path.slice(0, -1).reduce((held, step) => held[step] as Holder, state as Holder);
    holder[path.at(-1) as string | number] = buffers[i];
  });
  return state;
}

function at(bytes: Uint8Array, place: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(place, true);
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}
