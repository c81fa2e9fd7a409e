"""Every statement of every training text is true, and none is about a held-out problem."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from fractions import Fraction

import pytest

from training.families import FAMILIES, Family, short
from training.grammar import END_OF_TEXT, END_THINK, THINK, Chooser
from training.problems import Problem, is_held_out

NUMBER = r"-?\$?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d)?"
SUM, DIFFERENCE, PRODUCT = (
    r"(?:\+|plus)",
    r"(?:[-−–]|minus)",
    r"(?:x|\*|×|times|multiplied by|by)",
)
FURTHER = re.compile(rf" (plus|minus) (?:a borrowed )?({NUMBER})")
ANY_FURTHER = rf"(?: (?:plus|minus) (?:a borrowed )?{NUMBER})*"
# An expression of two or more numbers, and its result if it is stated.
EXPRESSION = re.compile(
    rf"({NUMBER}) ?({SUM}|{DIFFERENCE}|{PRODUCT}) ?({NUMBER})"
    rf"({ANY_FURTHER})"
    rf"(?:(?: =| equals| is|, which gives(?: me)?|, which equals|, which is|, resulting in)"
    rf" ({NUMBER}))?"
)

# Problems put in words instead.
IN_WORDS = {
    "+": re.compile(rf"(?:[Aa]dd|sum of) ({NUMBER}) and ({NUMBER})"),
    "-": re.compile(rf"(?:[Ss]ubtract|[Tt]ake) ({NUMBER}) (?:away )?from ({NUMBER})"),
    "x": re.compile(rf"(?:product|multiplication) of ({NUMBER}) and ({NUMBER})"),
}


def value(text: str) -> Fraction:
    number = Fraction(re.sub(r"[^\d.]", "", text).rstrip("."))
    return -number if text.startswith("-") else number


def apply(operator: str, a: Fraction, b: Fraction) -> Fraction:
    if re.fullmatch(SUM, operator):
        return a + b
    if re.fullmatch(DIFFERENCE, operator):
        return a - b
    return a * b


def expressions(text: str) -> Iterator[tuple[str, Fraction, Fraction, Fraction, Fraction | None]]:
    for match in EXPRESSION.finditer(text):
        left, operator, right, further, stated = match.groups()
        a, b = value(left), value(right)
        result = apply(operator, a, b)
        for more, number in FURTHER.findall(further):
            result = apply(more, result, value(number))
        yield operator, a, b, result, None if stated is None else value(stated)


def problem_of(operator: str, a: Fraction, b: Fraction) -> Problem:
    if re.fullmatch(SUM, operator):
        return Problem("sum", int(a), int(b))
    if re.fullmatch(DIFFERENCE, operator):
        return Problem("difference", int(a), int(b))
    if a.denominator == b.denominator == 1:
        return Problem("product", int(a), int(b))
    whole, decimal = (a, b) if a.denominator == 1 else (b, a)
    return Problem("signed", int(whole), int(decimal * 10))


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_statement_of_a_worked_text_is_true(family: Family) -> None:
    rng = random.Random(3)
    for _ in range(400):
        text = family.document(rng).text
        work = text.partition(THINK)[2].partition(END_THINK)[0]
        statements = [e for e in expressions(work) if e[4] is not None]
        assert len(statements) >= max(1, work.count(" equals ")), text
        for _operator, _a, _b, result, stated in statements:
            assert result == stated, text


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_the_answer_is_that_of_the_question(family: Family) -> None:
    rng = random.Random(4)
    for _ in range(400):
        problem = family.draw(rng)
        a, b = Fraction(problem.a), Fraction(problem.b)
        if problem.kind == "signed":
            b /= 10
        operator = {"sum": "+", "difference": "-"}.get(problem.kind, "x")
        assert value(family.answer(problem)) == apply(operator, a, b)
        assert family.answer(problem) in family.work(Chooser(rng), problem) or a * b >= 1000


def test_every_statement_of_a_short_text_is_true() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        text = short.document(rng).text.removesuffix(END_OF_TEXT)
        for part in re.split(r", (?=[-$\d])|\n", text):
            if part.endswith(")"):
                result, _, inside = part[:-1].partition("(")
                ((_, _, _, expected, _),) = expressions(inside)
                assert value(result) == expected, text
            else:
                ((_, _, _, expected, stated),) = expressions(part)
                assert stated == expected, text


def test_no_training_text_holds_a_held_out_problem() -> None:
    rng = random.Random(6)
    writers = [*(family.document for family in FAMILIES.values()), short.document]
    seen = 0
    for _ in range(600):
        for write in writers:
            text = write(rng).text
            for operator, a, b, _, _ in expressions(text):
                assert not is_held_out(problem_of(operator, a, b)), text
                seen += 1
            for operator, pattern in IN_WORDS.items():
                for a, b in pattern.findall(text):
                    assert not is_held_out(problem_of(operator, value(a), value(b))), text
                    seen += 1
    assert seen > 10_000


def test_the_split_ignores_order_and_sign() -> None:
    for a, b in [(43, 34), (57, 86), (91, 12)]:
        assert is_held_out(Problem("product", a, b)) == is_held_out(Problem("product", b, a))
        assert is_held_out(Problem("signed", 10 * a, 7)) == is_held_out(
            Problem("signed", -10 * a, -7)
        )
    assert is_held_out(Problem("product", 43, 34))


def test_the_last_addition_of_a_held_out_product_is_held_out_too() -> None:
    assert is_held_out(Problem("sum", 172, 1290))
