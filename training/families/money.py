"""Sums and differences of whole dollars."""

from __future__ import annotations

import random

from training.families.base import Family, draw_with_digits, end_of_work
from training.families.columns import added_columns, subtracted_columns
from training.grammar import Chooser, grouped
from training.problems import Problem

DIGIT_ODDS = (0.08, 0.5, 0.42)
SUM_ODDS = 0.4


def draw(rng: random.Random) -> Problem:
    """Draw two amounts below 1,000 dollars; no difference is negative."""
    low, high = sorted((draw_with_digits(rng, DIGIT_ODDS), draw_with_digits(rng, DIGIT_ODDS)))
    if rng.random() < SUM_ODDS:
        return Problem("sum", low, high) if rng.random() < 0.5 else Problem("sum", high, low)
    return Problem("difference", high, low)


def question(chooser: Chooser, problem: Problem) -> str:
    """Ask for the amount."""
    adds = problem.kind == "sum"
    sign, word = ("+", "plus") if adds else ("-", "minus")
    expression = f"${problem.a} {sign} ${problem.b}"
    return chooser.choose(
        {
            f"How much is {expression}?": 0.34,
            expression: 0.26,
            f"What is {expression}?": 0.2,
            f"Calculate {expression}.": 0.07,
            f"{expression} = ?": 0.07,
            f"What is ${problem.a} {word} ${problem.b}?": 0.06,
        }
    )


def work(chooser: Chooser, problem: Problem) -> str:
    """Add or subtract column by column, then put the dollar sign back."""
    a, b = problem.a, problem.b
    adds = problem.kind == "sum"
    task = f"add ${a} and ${b}" if adds else f"take ${b} from ${a}"
    text = chooser.choose({f"To {task}, I": 0.6, f"I want to {task}, so I": 0.4})
    text += chooser.choose({"'ll": 0.6, " can": 0.4})
    text += chooser.choose({" work": 0.6, " go": 0.4}) + " column by column.\n\n"
    text += added_columns(a, b) if adds else subtracted_columns(a, b)
    text += chooser.choose({"That makes": 0.6, "So I get": 0.4})
    return f"{text} {answer(problem)}{end_of_work(chooser)}"


def answer(problem: Problem) -> str:
    """Write the amount: ``$35``."""
    return f"${grouped(problem.result)}"


MONEY = Family("money", draw, question, work, answer)
