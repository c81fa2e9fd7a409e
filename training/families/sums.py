"""Sums of up to four digits, worked column by column."""

from __future__ import annotations

import random

from training.families.base import Family, asked_number, draw_with_digits, end_of_work
from training.families.columns import added_columns
from training.grammar import Chooser, grouped
from training.problems import Problem

DIGIT_ODDS = (0.06, 0.24, 0.34, 0.36)


def draw(rng: random.Random) -> Problem:
    """Draw two numbers of one to four digits."""
    return Problem("sum", draw_with_digits(rng, DIGIT_ODDS), draw_with_digits(rng, DIGIT_ODDS))


def question(chooser: Chooser, problem: Problem) -> str:
    """Ask for the sum."""
    a, b = asked_number(chooser, problem.a), asked_number(chooser, problem.b)
    plus = f"{a}+{b}" if chooser.choose({" + ": 0.95, "+": 0.05}) == "+" else f"{a} + {b}"
    return chooser.choose(
        {
            f"What is {plus}?": 0.34,
            f"Calculate {plus}.": 0.14,
            f"{plus} = ?": 0.12,
            f"Add {a} and {b}.": 0.12,
            f"What is {a} plus {b}?": 0.1,
            f"Compute {plus}.": 0.06,
            f"How much is {plus}?": 0.05,
            f"Find the sum of {a} and {b}.": 0.04,
            f"what is {plus}": 0.03,
        }
    )


def work(chooser: Chooser, problem: Problem) -> str:
    """Add column by column."""
    a, b = grouped(problem.a), grouped(problem.b)
    text = chooser.choose({f"To add {a} and {b}, I": 0.6, f"I want to add {a} and {b}, so I": 0.4})
    text += chooser.choose({"'ll": 0.6, " can": 0.4})
    text += chooser.choose({" work": 0.55, " go": 0.3, " add": 0.15})
    text += " column by column"
    text += chooser.choose({".\n\n": 0.7, ", starting with the ones.\n\n": 0.3})
    text += added_columns(problem.a, problem.b)
    text += chooser.choose({"Reading the digits": 0.58, "Putting the digits together": 0.42})
    text += chooser.choose({" gives me": 0.6, " gives": 0.4})
    return f"{text} {grouped(problem.result)}{end_of_work(chooser)}"


def answer(problem: Problem) -> str:
    """Write the sum."""
    return grouped(problem.result)


SUMS = Family("sums", draw, question, work, answer)
