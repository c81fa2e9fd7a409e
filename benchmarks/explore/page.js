/*
 * Runs in the page before anything else, after benchmarks/render/driver.js. All times are in
 * milliseconds since the epoch, so that those of the kernel, on the same machine, can be put between.
 */
window.tokenvizExplore = (() => {
  const { frame, mark, until } = tokenvizBenchmark;
  const clock = (time) => performance.timeOrigin + time;
  const latin = new TextDecoder("latin1");
  /** Messages to and from the kernel. */
  const wire = [];

  function note(data, out) {
    const at = clock(performance.now());
    const bytes = data.byteLength ?? data.size ?? data.length;
    const text = data instanceof ArrayBuffer ? latin.decode(data) : String(data);
    wire.push({ at, bytes, out, said: text.match(/"tokenviz": ?"(\w+)"/)?.[1] ?? null });
  }

  // Before JupyterLab opens any.
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => note(data, false));
    }
    send(data) {
      note(data, true);
      super.send(data);
    }
  };

  const root = () => document.querySelector(".tokenviz-explorer");
  const explorer = () => root().tokenvizExplorer;
  const figure = () => root().querySelector(".tokenviz").tokenvizFigure;
  const viewport = () => root().querySelector(".tokenviz-viewport");

  /** When the explorer is finished. */
  const first = until(() => root()?.dataset.tokenvizExplorerReady === "true")
    .then(() => explorer().settled())
    .then(mark)
    .then(clock);

  /** The middle of a cell on the screen, once it is in view. */
  async function place(position, slot) {
    const scroller = viewport();
    const box = scroller.getBoundingClientRect();
    const rect = explorer().cell(position, slot);
    if (rect.top < box.top || rect.bottom > box.bottom) {
      scroller.scrollTop += rect.top + rect.height / 2 - box.top - box.height / 2;
      await frame();
      await frame();
    }
    const { x, y, width, height } = explorer().cell(position, slot);
    return [x + width / 2, y + height / 2];
  }

  /** The middle of a branch's row. */
  async function row(branch) {
    const item = root().querySelector(`[data-tokenviz-branch="${branch}"]`);
    item.scrollIntoView({ block: "nearest" });
    await frame();
    await frame();
    const { x, y, width, height } = item.getBoundingClientRect();
    return [x + width / 2, y + Math.min(10, height / 2)];
  }

  /**
   * What the next event of a kind leads to: when it was (as the browser dates it), when its listeners
   * were done, when `done` was, and when the frame that shows it was presented.
   */
  let pending = null;
  function arm(name, done) {
    pending = new Promise((resolve, reject) => {
      let start = null;
      const begin = (event) => {
        start ??= event.timeStamp;
      };
      const follow = async () => {
        removeEventListener(name, begin, true);
        const handled = clock(performance.now());
        await done();
        const painted = clock(performance.now());
        const presented = clock(await mark());
        const since = clock(start);
        const said = wire.filter(({ at }) => at >= since);
        return { start: since, handled, painted, presented, wire: said };
      };
      addEventListener(name, begin, true);
      // Keys are kept from what is around a figure.
      const capture = name === "keydown";
      addEventListener(name, () => follow().then(resolve, reject), { once: true, capture });
    });
  }

  const waits = {
    /** What is asked is answered and painted. */
    answered: () => explorer().settled(),
    /** What is pointed at, or scrolled to, is painted. */
    painted: () => figure().painted(),
    /** The text was scrolled, and is painted. */
    async scrolled() {
      await new Promise((resolve) =>
        viewport().addEventListener("scroll", resolve, { once: true }),
      );
      await frame();
      await figure().painted();
    },
    /** A new branch has a token more than those that it was begun with. */
    async grown() {
      const before = explorer().tree.branches.length;
      await until(() => {
        const { branches } = explorer().tree;
        const { run, origin } = branches[branches.length - 1];
        return branches.length > before && run.index.length > origin.forced;
      });
      await figure().painted();
    },
  };

  return {
    ...{ explorer, first, place, row },
    arm: (name, what) => arm(name, waits[what]),
    pending: () => pending,
    /** What a frame that changes nothing takes. */
    async nothing() {
      const start = performance.now();
      return (await mark()) - start;
    },
  };
})();
