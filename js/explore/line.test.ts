import { expect, test } from "vitest";
import { lineOf, type Situation } from "./line.ts";

const quiet: Situation = {
  ...{ remark: "", standing: null, asked: "Why ‘a’", silence: 0, waited: 0, connected: true },
  ...{ selected: "nothing", answered: false, writing: null },
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
  expect(asked(20_000)).toMatch(/not been heard of for a while/);
  expect(asked(20_000, 100)).toBe("Why ‘a’ waits for the kernel.");
  expect(said({ standing: standing("computing"), waited: 100 })).toBe("");
  expect(said({ standing: standing("computing"), waited: 9000 })).toBe("Why ‘a’: computing…");
});

test("what came to nothing says why", () => {
  expect(said({ standing: standing("failed") })).toBe("Why ‘a’: too long");
  expect(said({ standing: standing("dropped") })).toMatch(/something else was asked/);
  expect(said({ standing: standing("unreachable") })).toMatch(/no kernel is there/);
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
