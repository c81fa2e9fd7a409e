/** The keys that sort and hide, from the cell that the cursor is on. */

import type { Feature } from "../figure/feature.ts";
import type { HeatmapState } from "../state/state.ts";

export const arranging: Feature<HeatmapState> = ({ store, commands, current, goTo, say }) => {
  // Values that stay with a kernel are shown as they are.
  if (store.state.data.tiles !== undefined) return;
  const column = () => current()?.[1] ?? -1;
  const name = (index: number) => store.state.data.columns.label[index];
  const follow = () => {
    const cell = current();
    if (cell !== null) goTo(cell);
  };
  commands.add({
    keys: ["o"],
    label: "Sort rows by the column, or as they were",
    run: () => {
      if (column() < 0) return false;
      const sorted = store.state.row_order === column();
      store.set({ row_order: sorted ? "original" : column() });
      follow();
      say(sorted ? "Rows as they were" : `Rows sorted by ${name(column())}`);
      return true;
    },
  });
  commands.add({
    keys: ["h"],
    label: "Hide the column",
    run: () => {
      const cell = current();
      const { hidden_columns: hidden, data } = store.state;
      if (cell === null || cell[1] < 0 || hidden.includes(cell[1])) return false;
      const shown = data.columns.label.length - hidden.length;
      if (shown === 1) {
        say("The last column stays");
        return true;
      }
      const kept = [...data.columns.label.keys()].filter(
        (j) => j !== cell[1] && !hidden.includes(j),
      );
      const next = kept.find((j) => j > cell[1]) ?? kept[kept.length - 1];
      store.set({ hidden_columns: [...hidden, cell[1]].sort((a, b) => a - b) });
      goTo([cell[0], next]);
      say(`${name(cell[1])} hidden`);
      return true;
    },
  });
  commands.add({
    keys: ["H"],
    label: "Show all columns",
    run: () => {
      if (store.state.hidden_columns.length === 0) return false;
      store.set({ hidden_columns: [] });
      follow();
      say("All columns shown");
      return true;
    },
  });
};
