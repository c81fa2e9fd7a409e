"""Two-digit times two-digit products, worked by place value.

The wording and its odds follow a trace of a larger model solving 43 x 34; taking the likeliest
option at every token gives that trace's text.
"""

from __future__ import annotations

import random

from training.families.base import Family, end_of_work
from training.grammar import Chooser, grouped
from training.problems import Problem, partial_products


def draw(rng: random.Random) -> Problem:
    """Draw two numbers from 10 to 99."""
    return Problem("product", rng.randrange(10, 100), rng.randrange(10, 100))


def question(chooser: Chooser, problem: Problem) -> str:
    """Ask for the product."""
    a, b = problem.a, problem.b
    sign = chooser.choose({" x ": 0.4, " * ": 0.25, " × ": 0.25, "x": 0.05, "*": 0.05})
    times = f"{a}{sign}{b}"
    return chooser.choose(
        {
            f"What is {times}?": 0.3,
            f"Calculate {times}.": 0.12,
            f"{times} = ?": 0.12,
            f"Multiply {a} by {b}.": 0.1,
            f"What is {a} times {b}?": 0.08,
            f"Compute {times}.": 0.06,
            f"Solve {times}.": 0.06,
            f"What is {a} multiplied by {b}?": 0.05,
            f"Find the product of {a} and {b}.": 0.04,
            f"How much is {times}?": 0.04,
            f"what is {times}": 0.03,
        }
    )


def work(chooser: Chooser, problem: Problem) -> str:
    """Work the product out: two partial products, then their sum."""
    a, b = problem.a, problem.b
    opening, first_word = _opening(chooser, a, b)
    ones, tens = partial_products(a, b)
    plan = chooser.choose(
        {
            "multiply": 0.7,
            f"decompose {b} into {b - b % 10} and {b % 10} and multiply": 0.2,
            f"separate {b} into {b - b % 10} and {b % 10} and multiply": 0.1,
        }
    )
    factors = {f"{b % 10}": (b % 10, ones), f"{b - b % 10}": (b - b % 10, tens)}
    order = list(factors)
    first = chooser.choose({order[0]: 0.55, order[1]: 0.45})
    second = order[1] if first == order[0] else order[0]
    (_, left), (_, right) = factors[first], factors[second]

    write = _NumberStyle(chooser)
    text = f"{opening}{first_word}, I'll {plan} {a} by {first}"
    text += f"{_first_result(chooser)} {write(left)}"
    text += chooser.choose({".\n\n": 0.65, ". ": 0.35})
    then = "Next" if first_word == "Then" else chooser.choose({"Next": 0.8, "Then": 0.2})
    text += f"{then}, I'll multiply {a} by {second}{_second_result(chooser)} {write(right)}.\n\n"
    text += f"Finally, I'll add {_both(chooser)} together"
    text += chooser.choose({": ": 0.87, " to get the answer: ": 0.13})
    text += f"{write(left)} plus {write(right)} equals {write(left + right)}"
    return text + end_of_work(chooser)


def answer(problem: Problem) -> str:
    """Write the product."""
    return grouped(problem.result)


class _NumberStyle:
    """Writes the numbers of one text, with separators in all of them or in none.

    The style is drawn at the first number that shows it, so that nothing is chosen unseen.
    """

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self._style: str | None = None

    def __call__(self, number: int) -> str:
        if number < 1000:
            return str(number)
        if self._style is None:
            self._style = self._chooser.choose({"1,000": 0.7, "1000": 0.3})
        return grouped(number) if self._style == "1,000" else str(number)


def _opening(chooser: Chooser, a: int, b: int) -> tuple[str, str]:
    """Return the opening sentence and the first word of the next one."""
    start = chooser.choose({"To": 0.42, "First": 0.36, "I": 0.22})
    if start == "To":
        aim = chooser.choose({" solve": 0.85, " calculate": 0.09, f" multiply {a} by {b}": 0.06})
        if not aim.startswith(" multiply"):
            aim += chooser.choose(
                {f" {a} multiplied by {b}": 0.91, f" the multiplication of {a} and {b}": 0.09}
            )
        text = f"To{aim}, I"
    else:
        text = "First, I" if start == "First" else "I"
    text += chooser.choose({"'ll": 0.6, " can": 0.4})
    text += chooser.choose(
        {
            " start by breaking down": 0.53,
            " break down": 0.28,
            " use the distributive property to break down": 0.19,
        }
    )
    text += _into_parts(chooser, a, b)
    text += chooser.choose(
        {
            ".\n\n": 0.7,
            ". This makes each step easier.\n\n": 0.17,
            ". I can then add the results.\n\n": 0.13,
        }
    )
    if start == "First":
        return text, "Then"
    return text, chooser.choose({"First": 0.91, "To begin": 0.09})


def _into_parts(chooser: Chooser, a: int, b: int) -> str:
    """Say what is broken down, and into what."""
    what = chooser.choose({" the": 0.84, f" {a} and {b}": 0.16})
    if what == " the":
        what += chooser.choose({" numbers": 0.6, " multiplication": 0.4})
    if chooser.choose({" into": 0.62, " to": 0.38}) == " to":
        return f"{what} to" + chooser.choose({" make it easier": 0.6, " simplify the problem": 0.4})
    if what == " the multiplication":
        return f"{what} into" + chooser.choose({" smaller steps": 0.6, " separate steps": 0.4})
    return f"{what} into" + chooser.choose(
        {
            " their place values": 0.56,
            " their tens and ones": 0.06,
            " smaller parts": 0.22,
            " separate parts": 0.16,
        }
    )


def _first_result(chooser: Chooser) -> str:
    text = chooser.choose({", which": 0.86, ", resulting in": 0.14})
    return text + _is(chooser) if text == ", which" else text


def _second_result(chooser: Chooser) -> str:
    text = chooser.choose({", resulting in": 0.64, ", which": 0.36})
    return text + _is(chooser) if text == ", which" else text


def _is(chooser: Chooser) -> str:
    verb = chooser.choose({" gives": 0.53, " equals": 0.37, " is": 0.1})
    return verb + chooser.choose({" me": 0.6, "": 0.4}) if verb == " gives" else verb


def _both(chooser: Chooser) -> str:
    if chooser.choose({"these": 0.65, "the": 0.35}) == "these":
        return "these two" + chooser.choose({" products": 0.85, " results": 0.15})
    return "the two" + chooser.choose({" results": 0.6, " products": 0.4})


PRODUCTS = Family("products", draw, question, work, answer)
