import { expect, test } from "vitest";
import { keyName } from "./commands.ts";

const plain = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };

test.each([
  [{ key: "+" }, "+"],
  [{ key: "N", shiftKey: true }, "N"],
  [{ key: "ArrowLeft", shiftKey: true }, "Shift+ArrowLeft"],
  [{ key: "f", ctrlKey: true }, "Ctrl+f"],
  [{ key: "f", metaKey: true }, "Ctrl+f"],
  [{ key: "F3", shiftKey: true }, "Shift+F3"],
  [{ key: "Z", ctrlKey: true }, "Ctrl+z"], // Caps Lock
  [{ key: "z", ctrlKey: true, shiftKey: true }, "Ctrl+Z"],
  [{ key: "a", altKey: true, ctrlKey: true }, "Ctrl+Alt+a"],
])("%j is %s", (pressed, name) => {
  expect(keyName({ ...plain, ...pressed })).toBe(name);
});
