/**
 * This end of the worker.
 *
 * Its code is part of the bundle (kit.ts) and starts from a Blob URL, because neither a widget nor
 * an exported page has a second file. A page's policy may refuse that.
 */

import type { BuildOptions, Built } from "./build.ts";
import { WORKER } from "./kit.ts";

/** Rejects when no worker can be had, or when the signal aborts. */
export function buildInWorker(options: BuildOptions, signal: AbortSignal): Promise<Built> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
    let worker: Worker;
    try {
      worker = new Worker(url);
    } catch (error) {
      URL.revokeObjectURL(url);
      reject(error);
      return;
    }
    const end = () => {
      worker.terminate();
      URL.revokeObjectURL(url);
      signal.removeEventListener("abort", abort);
    };
    const abort = () => {
      end();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort);
    worker.onmessage = ({ data }: MessageEvent<Built>) => {
      end();
      resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end();
      reject(new Error(event.message || "the worker was refused"));
    };
    // A copy that is handed over costs one pass over the bytes; sending it plainly costs two.
    const values = options.values.slice();
    worker.postMessage({ ...options, values }, [values.buffer]);
  });
}
