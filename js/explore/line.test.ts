import { expect, test } from "vitest";
import { KERNEL, SERVER } from "../state/owner.ts";
import { lineOf, type Situation } from "./line.ts";

const quiet: Situation = {
  ...{ remark: "", standing: null, asked: "Why ‘a’", silence: 0, waited: 0, connected: true },
  ...{ selected: "nothing", answered: false, writing: null, owner: KERNEL },
};
const said = (patch: Partial<Situation>) => lineOf({ ...quiet, ...patch });
const standing = (state: "asked" | "computing" | "failed" | "dropped" | "unreachable") => ({
  ...{ state, since: 0, why: state === "failed" ? "too long" : null },
});

test("what is waited for is said when the wait is felt, and more of it the longer it lasts", () => {
  const asked = (waited: number, silence = waited) =>
    said({ standing: standing("asked"), waited, silence });
  expect(asked(100)).toBe("");
  expect(asked(200)).toBe("Why ‘a’: asked…");
  expect(asked(3000)).toBe("Why ‘a’ waits for the kernel.");
  expect(asked(20_000)).toMatch(/: Python has not been heard of.*, run the cell again\.$/);
  expect(asked(20_000, 100)).toBe("Why ‘a’ waits for the kernel.");
  expect(said({ standing: standing("computing"), waited: 100 })).toBe("");
  expect(said({ standing: standing("computing"), waited: 9000 })).toBe("Why ‘a’: computing…");
});

test("what came to nothing says why", () => {
  expect(said({ standing: standing("failed") })).toBe("Why ‘a’: too long");
  expect(said({ standing: standing("dropped") })).toMatch(/something else was asked/);
  expect(said({ standing: standing("unreachable") })).toBe(
    "Why ‘a’ was not computed, and no kernel is there to ask.",
  );
  expect(said({ standing: standing("unreachable"), connected: false })).toMatch(
    /before the page was saved; open it with the model/,
  );
});

test("else it says what can be done, and what was remarked goes first", () => {
  expect(said({})).toBe("");
  expect(said({ selected: "token" })).toMatch(/Enter to ask why/);
  expect(said({ selected: "token", connected: false })).toBe("");
  expect(said({ selected: "token", answered: true })).toBe("");
  expect(said({ selected: "alternative", answered: true })).toMatch(/^Enter goes on from it/);
  expect(said({ selected: "prompt" })).toMatch(/^Delete, mute or replace/);
  expect(said({ writing: "Another branch is being written." })).toMatch(/^Another/);
  expect(said({ remark: "No.", standing: standing("asked"), waited: 500 })).toBe("No.");
});

test("on a page that a command serves there is no kernel, and no cell", () => {
  const served = (patch: Partial<Situation>) => said({ owner: SERVER, ...patch });
  const waiting = { standing: standing("asked"), waited: 3000, silence: 3000 };
  expect(served(waiting)).toBe("Why ‘a’ waits for tokenviz.");
  expect(served({ ...waiting, waited: 20_000, silence: 20_000 })).toBe(
    "Why ‘a’ waits: tokenviz has not been heard of for a while. If it has ended, run the command " +
      "again.",
  );
  expect(served({ standing: standing("unreachable") })).toBe(
    "Why ‘a’ was not computed, and tokenviz has ended.",
  );
});
