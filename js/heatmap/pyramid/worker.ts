/** The worker's end: builds what it is asked for, answers once. */

import { type BuildOptions, buildNow } from "./build.ts";

const scope = self as unknown as {
  onmessage: (event: { data: BuildOptions }) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
};

scope.onmessage = ({ data }) => {
  const built = buildNow(data);
  scope.postMessage(
    built,
    built.levels.map(({ values }) => values.buffer as ArrayBuffer),
  );
};
