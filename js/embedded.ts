/** The state as a page carries it: JSON, with the binary leaves in base64 beside their paths. */

export interface EmbeddedState {
  state: Record<string, unknown>;
  buffers: { path: (string | number)[]; base64: string }[];
}

type Branch = Record<string | number, unknown>;

/** The traits, with each buffer put back as a DataView where it belongs. */
export function readState({ state, buffers }: EmbeddedState): Record<string, unknown> {
  for (const { path, base64 } of buffers) {
    let branch = state as Branch;
    for (const key of path.slice(0, -1)) branch = branch[key] as Branch;
    branch[path[path.length - 1]] = dataView(base64);
  }
  return state;
}

function dataView(base64: string): DataView {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return new DataView(bytes.buffer);
}
