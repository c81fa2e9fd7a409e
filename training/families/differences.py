"""Differences of up to four digits, worked column by column; the result may be negative."""

from __future__ import annotations

import random

from training.families.base import Family, asked_number, draw_with_digits, end_of_work
from training.families.columns import subtracted_columns
from training.grammar import Chooser, grouped
from training.problems import Problem

DIGIT_ODDS = (0.06, 0.24, 0.34, 0.36)
NEGATIVE_ODDS = 0.25


def draw(rng: random.Random) -> Problem:
    """Draw two numbers of one to four digits, the larger one usually first."""
    low, high = sorted((draw_with_digits(rng, DIGIT_ODDS), draw_with_digits(rng, DIGIT_ODDS)))
    a, b = (low, high) if rng.random() < NEGATIVE_ODDS else (high, low)
    return Problem("difference", a, b)


def draw_close(rng: random.Random) -> Problem:
    """Draw two numbers of two to four digits, equally long, often sharing the first digits."""
    digits = rng.choices((2, 3, 4), (0.2, 0.4, 0.4))[0]
    a = rng.randrange(10 ** (digits - 1), 10**digits)
    varying = 10 ** rng.choice(range(1, digits + 1))
    b = a - a % varying + rng.randrange(varying)
    return Problem("difference", a, max(b, 10 ** (digits - 1)))


def question(chooser: Chooser, problem: Problem) -> str:
    """Ask for the difference."""
    a, b = asked_number(chooser, problem.a), asked_number(chooser, problem.b)
    sign = chooser.choose({" - ": 0.8, " − ": 0.1, " – ": 0.05, "-": 0.05})
    minus = f"{a}{sign}{b}"
    return chooser.choose(
        {
            f"What is {minus}?": 0.34,
            f"Calculate {minus}.": 0.14,
            f"{minus} = ?": 0.12,
            f"Subtract {b} from {a}.": 0.12,
            f"What is {a} minus {b}?": 0.1,
            f"Compute {minus}.": 0.06,
            f"How much is {minus}?": 0.05,
            f"Take {b} away from {a}.": 0.04,
            f"what is {minus}": 0.03,
        }
    )


def work(chooser: Chooser, problem: Problem) -> str:
    """Subtract the smaller number from the larger, then settle the sign."""
    high, low = max(problem.a, problem.b), min(problem.a, problem.b)
    text = ""
    if problem.result < 0:
        text = f"{grouped(low)} is smaller than {grouped(high)}, so the answer is negative"
        text += chooser.choose({".\n\n": 0.65, ". ": 0.35})
    text += chooser.choose({"To": 0.6, "I": 0.4})
    if text.endswith("To"):
        text += f" subtract {grouped(low)} from {grouped(high)}, I"
        text += chooser.choose({"'ll": 0.6, " can": 0.4})
        text += chooser.choose({" work": 0.6, " go": 0.4}) + " column by column"
    else:
        text += chooser.choose({"'ll": 0.6, " can": 0.4})
        text += f" subtract {grouped(low)} from {grouped(high)} column by column"
    text += ".\n\n" + subtracted_columns(high, low)
    text += chooser.choose({"Reading the digits": 0.58, "Putting the digits together": 0.42})
    text += chooser.choose({" gives me": 0.6, " gives": 0.4})
    text += f" {grouped(high - low)}"
    if problem.result < 0:
        text += f", so the answer is {grouped(problem.result)}"
    return text + end_of_work(chooser)


def answer(problem: Problem) -> str:
    """Write the difference, with its sign if it is negative."""
    return grouped(problem.result)


DIFFERENCES = Family("differences", draw, question, work, answer)
CLOSE_DIFFERENCES = Family("close differences", draw_close, question, work, answer)
