/**
 * Copying the figure as tab-separated values.
 *
 * The asynchronous clipboard needs a secure page and a permission; where it is refused, the `copy`
 * event of an `execCommand` still works, also on file://.
 */

/** Copies on Ctrl+C and on the Copy command while `target` has the focus. */
export function copyAsText(
  target: HTMLElement,
  { text, done, signal }: { text: () => string; done: () => void; signal: AbortSignal },
): void {
  target.addEventListener(
    "copy",
    (event) => {
      event.clipboardData?.setData("text/plain", text());
      event.preventDefault();
      done();
    },
    { signal },
  );
  target.addEventListener(
    "keydown",
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "c") return;
      if (event.target !== target || event.altKey || event.shiftKey) return;
      event.preventDefault();
      const written = navigator.clipboard?.writeText(text());
      if (written === undefined) document.execCommand("copy");
      else written.then(done, () => document.execCommand("copy"));
    },
    { signal },
  );
}
