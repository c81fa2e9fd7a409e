// A host of anywidgets in a page of its own, as small as it can be: models from a saved state, a
// manager that finds them or not, a kernel that answers or not, views in the page or a shadow root.
window.host = ({ state, knows = true, answers = null }) => {
  const binary = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const models = new Map();
  const manager = {
    async get_model(id) {
      if (!knows || !models.has(id)) throw new Error("widget model not found");
      return models.get(id);
    },
  };
  for (const [id, saved] of Object.entries(structuredClone(state))) {
    const traits = saved.state;
    for (const { path, data } of saved.buffers ?? []) {
      const last = path.pop();
      path.reduce((value, key) => value[key], traits)[last] = binary(data);
    }
    const listeners = [];
    const model = {
      sent: [],
      listeners,
      get: (name) => traits[name],
      set: (name, value) => {
        traits[name] = value;
      },
      save_changes() {},
      on: (event, heard) => listeners.push([event, heard]),
      off(event, heard) {
        const at = listeners.findIndex(([name, one]) => name === event && one === heard);
        if (at >= 0) listeners.splice(at, 1);
      },
      emit(event, ...told) {
        for (const [name, heard] of [...listeners]) if (name === event) heard(...told);
      },
      send(content) {
        model.sent.push(content);
        if (answers !== null) setTimeout(() => model.emit("msg:custom", answers, []), 20);
      },
      widget_manager: knows === null ? undefined : manager,
    };
    models.set(id, model);
  }
  return {
    models,
    /** Shows a model as a host does; `late`: its element enters the page after it was rendered. */
    async show(id, { parent = document.body, shadow = false, late = false } = {}) {
      const model = models.get(id);
      const url = URL.createObjectURL(new Blob([model.get("_esm")], { type: "text/javascript" }));
      const widget = (await import(url)).default;
      const outside = parent.ownerDocument.createElement("div");
      const inside = shadow ? outside.attachShadow({ mode: "open" }) : outside;
      const el = parent.ownerDocument.createElement("div");
      inside.append(el);
      if (!late) parent.append(outside);
      const controller = new AbortController();
      const { signal } = controller;
      const begun = performance.now();
      await widget.initialize({ model, signal });
      const initialized = performance.now() - begun;
      const rendered = widget.render({ model, el, signal });
      if (late) setTimeout(() => parent.append(outside), 300);
      return { el, outside, inside, rendered, initialized, controller, model };
    },
  };
};
