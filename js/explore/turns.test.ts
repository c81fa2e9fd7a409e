import { expect, test } from "vitest";
import { random } from "../testing.ts";
import { turnsOf } from "./turns.ts";

test("a chat is its turns, each in parts of its own and of the template's", () => {
  const roles = ["template", "user", "user", "template", "template", "assistant", "template"];
  const turns = [0, 0, 0, 0, 1, 1, 2];
  expect(turnsOf({ roles, turns })).toEqual([
    {
      ...{ start: 0, stop: 4, role: "user" },
      parts: [
        { start: 0, stop: 1, template: true },
        { start: 1, stop: 3, template: false },
        { start: 3, stop: 4, template: true },
      ],
    },
    {
      ...{ start: 4, stop: 6, role: "assistant" },
      parts: [
        { start: 4, stop: 5, template: true },
        { start: 5, stop: 6, template: false },
      ],
    },
    { start: 6, stop: 7, role: null, parts: [{ start: 6, stop: 7, template: true }] },
  ]);
});

test("two messages of one role are two turns; without turns the roles part them", () => {
  const roles = ["user", "user", "assistant"];
  expect(turnsOf({ roles, turns: [0, 1, 2] }).map(({ start }) => start)).toEqual([0, 1, 2]);
  expect(turnsOf({ roles, turns: null }).map(({ start }) => start)).toEqual([0, 2]);
  expect(turnsOf({ roles: null, turns: null })).toEqual([]);
});

test("turns and their parts cover the prompt once", () => {
  const next = random(3);
  const names = ["template", "user", "system", "tool"];
  for (let round = 0; round < 200; round++) {
    const length = Math.floor(next() * 30);
    let turn = 0;
    const turns = Array.from({ length }, () => (next() < 0.3 ? ++turn : turn));
    const roles = turns.map(() => names[Math.floor(next() * names.length)]);
    const found = turnsOf({ roles, turns: next() < 0.5 ? turns : null });
    const covered = (stretches: readonly { start: number; stop: number }[]) =>
      stretches.flatMap(({ start, stop }) =>
        Array.from({ length: stop - start }, (_, i) => start + i),
      );
    const all = roles.map((_, i) => i);
    expect(covered(found)).toEqual(all);
    expect(covered(found.flatMap(({ parts }) => parts))).toEqual(all);
    for (const { parts } of found) {
      for (const { start, stop, template } of parts) {
        for (let i = start; i < stop; i++) expect(roles[i] === "template").toBe(template);
      }
    }
  }
});
