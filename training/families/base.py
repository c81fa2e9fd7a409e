"""What every family of problems provides, and wording that several of them share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from training.grammar import Chooser, Document, grouped, worked_document
from training.problems import Problem, is_held_out


@dataclass(frozen=True)
class Family:
    """One family of problems, as four plain functions."""

    name: str
    draw: Callable[[random.Random], Problem]
    question: Callable[[Chooser, Problem], str]
    work: Callable[[Chooser, Problem], str]
    answer: Callable[[Problem], str]

    def draw_split(self, rng: random.Random, *, held_out: bool) -> Problem:
        """Draw problems until one belongs to the wanted side of the split."""
        while True:
            problem = self.draw(rng)
            if is_held_out(problem) == held_out:
                return problem

    def document(self, rng: random.Random) -> Document:
        """Write one training text."""
        problem = self.draw_split(rng, held_out=False)
        question = introduced(Chooser(rng), self.question(Chooser(rng), problem))
        work = self.work(Chooser(rng), problem)
        return worked_document(question, work, self.answer(problem))


def introduced(chooser: Chooser, question: str) -> str:
    """Put an instruction line before some questions, as a system message would."""
    if chooser.choose({"bare": 0.92, "introduced": 0.08}) == "bare":
        return question
    instruction = chooser.choose(
        {
            "You are a careful calculator.": 0.3,
            "Show your work.": 0.3,
            "Answer the question.": 0.2,
            "Think step by step.": 0.2,
        }
    )
    return f"{instruction}\n{question}"


def asked_number(chooser: Chooser, number: int) -> str:
    """Write a number of a question, with or without thousands separators."""
    if abs(number) < 1000:
        return str(number)
    style = chooser.choose({"1,000": 0.6, "1000": 0.4})
    return grouped(number) if style == "1,000" else str(number)


def draw_with_digits(rng: random.Random, odds: tuple[float, ...]) -> int:
    """Draw a number by its length first: ``odds[i]`` is the weight of ``i + 1`` digits."""
    digits = rng.choices(range(1, len(odds) + 1), odds)[0]
    return rng.randrange(10 ** (digits - 1), 10**digits)


def end_of_work(chooser: Chooser) -> str:
    """Close the worked answer; both ways occur in models that think before they answer."""
    return chooser.choose({".\n": 0.6, ".\n\n": 0.4})
