import { expect, test } from "vitest";
import { ServedModel } from "../serve/model.ts";
import type { Model } from "../state/model.ts";
import { MemoryModel } from "../state/model.ts";
import { KernelSource } from "./kernelsource.ts";
import { START } from "./look.ts";

const place = (model: Model) =>
  new KernelSource(model, () => {}, new AbortController().signal).place(START, "a");

test("of a page whose server ended, no cell is run again", async () => {
  const model = new ServedModel(async () => {});
  model.isLost = true;
  await expect(place(model)).rejects.toThrow("The server has ended: run tokenviz view again.");
});

test("a notebook's kernel is gone", async () => {
  class Gone extends MemoryModel {
    send(): void {
      throw new Error("comm is closed");
    }
  }
  await expect(place(new Gone({}))).rejects.toThrow("The kernel is gone: run the cell again.");
});
