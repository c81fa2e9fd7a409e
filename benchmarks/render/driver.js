/*
 * Runs in the page before anything else. When something is shown is told by the browser itself: a
 * line of text with an `elementtiming` is put on the page in the moment in which a contender says
 * that it is done, and Element Timing reports when the frame that holds it was presented, that is
 * laid out, rastered, composed and swapped. (Canvases have no Element Timing of their own.)
 */
window.tokenvizBenchmark = (() => {
  const presented = new Map();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) presented.get(entry.identifier)?.(entry.renderTime);
  }).observe({ type: "element", buffered: true });

  const frame = () => new Promise(requestAnimationFrame);
  const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const PATIENCE = 30000;
  let marks = 0;

  /** When the frame that shows the page as it is now was presented, on the page's clock. */
  async function mark() {
    const name = `mark ${marks++}`;
    const line = document.createElement("p");
    line.textContent = name;
    line.setAttribute("elementtiming", name);
    Object.assign(line.style, {
      // Lines at the bottom of a viewport are not always reported.
      ...{ position: "fixed", left: "0", top: "0", margin: "0", font: "10px monospace" },
      ...{ color: "#888", zIndex: "2147483647", pointerEvents: "none" },
    });
    const shown = new Promise((resolve) => presented.set(name, resolve));
    document.body.append(line);
    const time = await Promise.race([shown, rest(PATIENCE)]);
    line.remove();
    presented.delete(name);
    if (time === undefined) throw new Error("no frame was reported");
    return time;
  }

  /** Asks in every frame whether something has come about. */
  async function until(test) {
    for (;;) {
      await frame();
      if (document.body !== null && (await test())) return;
    }
  }

  /**
   * Milliseconds from each of several calls until the contender says that it has painted, and to the
   * frame that shows it; and how many calls there were.
   */
  async function times(action, count, limit) {
    const found = [];
    const painted = [];
    let calls = 0;
    const begin = performance.now();
    for (let i = -2; i < count; i++) {
      // Each call meets a page at rest, as a first movement of the hand does.
      await frame();
      await rest(40);
      const start = performance.now();
      await action(calls++);
      const paint = performance.now() - start;
      const time = (await mark()) - start;
      // The first two find code that has not been compiled.
      if (i >= 0 || time > limit / 4) {
        found.push(time);
        painted.push(paint);
      }
      if (found.length > 0 && performance.now() - begin > limit) break;
    }
    return { found, painted, calls };
  }

  /** Milliseconds between frames while an element is scrolled by `step` pixels in each. */
  async function scroll(element, step, count, limit) {
    const room = element.scrollHeight - element.clientHeight;
    if (room < 2) return null;
    const found = [];
    const begin = performance.now();
    let direction = 1;
    await frame();
    await frame();
    let last = performance.now();
    for (let i = 0; i < count && last - begin < limit; i++) {
      if (element.scrollTop >= room - 1) direction = -1;
      if (element.scrollTop <= 0) direction = 1;
      element.scrollTop += direction * step;
      await frame();
      const now = performance.now();
      found.push(now - last);
      last = now;
    }
    return found;
  }

  return { frame, mark, rest, scroll, times, until };
})();
