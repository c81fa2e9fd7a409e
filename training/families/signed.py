"""Signed products of an integer and a one-digit decimal, such as -16,000 x -0.8."""

from __future__ import annotations

import random

from training.families.base import Family, asked_number, end_of_work
from training.grammar import Chooser, grouped
from training.problems import Problem


def draw(rng: random.Random) -> Problem:
    """Draw one or two digits followed by up to three zeros, and a factor from -0.9 to 0.9."""
    digits = rng.randrange(2, 10) if rng.random() < 0.2 else rng.randrange(10, 100)
    zeros = rng.choices((0, 1, 2, 3), (0.16, 0.24, 0.28, 0.32))[0]
    sign_a, sign_b = rng.choice((-1, 1)), rng.choice((-1, 1))
    return Problem("signed", sign_a * digits * 10**zeros, sign_b * rng.randrange(1, 10))


def question(chooser: Chooser, problem: Problem) -> str:
    """Ask for the product, the decimal usually second."""
    a, b = asked_number(chooser, problem.a), tenths(problem.b)
    if chooser.choose({"decimal second": 0.85, "decimal first": 0.15}) == "decimal first":
        a, b = b, a
    times = f"{a}{chooser.choose({' x ': 0.5, ' * ': 0.25, ' × ': 0.25})}{b}"
    return chooser.choose(
        {
            f"What is {times}?": 0.4,
            f"Calculate {times}.": 0.18,
            f"{times} = ?": 0.16,
            f"Multiply {a} by {b}.": 0.12,
            f"Compute {times}.": 0.08,
            f"What is {a} times {b}?": 0.06,
        }
    )


def work(chooser: Chooser, problem: Problem) -> str:
    """Settle the sign, multiply the digits, then put the zeros and the decimal place back."""
    size, factor = abs(problem.a), abs(problem.b)
    digits = int(str(size).rstrip("0"))
    text = chooser.choose({"First, I": 0.6, "To start, I": 0.4})
    text += chooser.choose({"'ll": 0.6, " can": 0.4}) + f" look at the signs: {_rule(problem)}.\n\n"
    text += f"Next, I'll multiply {digits} by {factor}"
    text += chooser.choose({", which gives me": 0.5, ", which equals": 0.3, ", resulting in": 0.2})
    text += f" {digits * factor}"
    if size > digits:
        text += chooser.choose({", so": 0.6, ", and": 0.4})
        text += f" {grouped(size)} times {factor} is {grouped(size * factor)}"
    text += ".\n\nFinally, I'll divide"
    text += chooser.choose({" by 10": 0.6, f" {grouped(size * factor)} by 10": 0.4})
    text += chooser.choose({" because": 0.55, " since": 0.45})
    text += f" {tenths(factor)} has one decimal place, so the answer is {answer(problem)}"
    return text + end_of_work(chooser)


def answer(problem: Problem) -> str:
    """Write the product, with a decimal only if it has one."""
    return tenths(problem.result)


def tenths(number: int) -> str:
    """Write a number of tenths: ``-0.8``, ``12.8``, ``12,800``."""
    sign = "-" if number < 0 else ""
    whole, rest = divmod(abs(number), 10)
    return f"{sign}{grouped(whole)}" + (f".{rest}" if rest else "")


def _rule(problem: Problem) -> str:
    first, second, result = (
        "negative" if number < 0 else "positive"
        for number in (problem.a, problem.b, problem.result)
    )
    return (
        f"{grouped(problem.a)} is {first} and {tenths(problem.b)} is {second}, "
        f"so the answer is {result}"
    )


SIGNED = Family("signed", draw, question, work, answer)
