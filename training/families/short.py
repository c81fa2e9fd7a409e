"""Short forms: one to four expressions with their results and no worked answer.

They are cheap practice of the two steps that products leave to one go: a two-digit number times a
digit, and the addition of the two partial products.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from training.families import money, signed
from training.grammar import END_OF_TEXT, Document, grouped
from training.problems import Problem, is_held_out, partial_products

# An expression is a list of pieces; the second item says whether what comes before determines it.
Piece = tuple[str, bool]


def document(rng: random.Random) -> Document:
    """Write one text of short forms."""
    count = rng.choices((1, 2, 3, 4), (0.3, 0.3, 0.2, 0.2))[0]
    separator = rng.choice(("\n", ", "))
    text = ""
    free: list[tuple[int, int]] = []
    for index in range(count):
        for piece, determined in ([(separator, False)] if index else []) + _expression(rng):
            if not determined:
                free.append((len(text), len(text) + len(piece)))
            text += piece
    return Document(text + END_OF_TEXT, (*free, (len(text), len(text) + len(END_OF_TEXT))))


def additions(rng: random.Random) -> Document:
    """Write one text of additions in the words of a product's last step, with numbers of any size.

    Half of them carry into one digit more, as `99 plus 3,960` does: of the last steps that products
    themselves give, few are like that.
    """
    text = ""
    free: list[tuple[int, int]] = []
    for _ in range(rng.randrange(2, 6)):
        a, b = _uneven_pair(rng)
        question = f"{', ' * bool(text)}{grouped(a)} plus {grouped(b)}"
        free.append((len(text), len(text) + len(question)))
        text += f"{question} equals {grouped(a + b)}"
    return Document(text + END_OF_TEXT, (*free, (len(text), len(text) + len(END_OF_TEXT))))


def _uneven_pair(rng: random.Random) -> tuple[int, int]:
    while True:
        a = rng.randrange(10, 10 ** rng.choice((2, 3, 3)))
        b = 10 * rng.randrange(1, 10 ** rng.choice((2, 3, 3)))
        if rng.random() < 0.5:  # a round number lies between b and the sum
            b = max(10, b - b % 100 + 100 - 10 * rng.randrange(1, a // 10 + 2))
        if b < 9000 and not is_held_out(Problem("sum", a, b)):
            return (a, b) if rng.random() < 0.5 else (b, a)


def _expression(rng: random.Random) -> list[Piece]:
    writers: dict[Callable[[random.Random], list[Piece]], float] = {
        _partial_sum: 0.5,
        _digit_product: 0.24,
        _small_product: 0.04,
        _small_difference: 0.05,
        _product_in_brackets: 0.04,
        _money_in_brackets: 0.05,
        _signed_product: 0.08,
    }
    return rng.choices(list(writers), list(writers.values()))[0](rng)


def _partial_sum(rng: random.Random) -> list[Piece]:
    """The last step of a product, or an addition shaped like one."""
    while True:
        if rng.random() < 0.5:
            pair = partial_products(rng.randrange(10, 100), rng.randrange(10, 100))
        else:
            pair = rng.randrange(10, 892), 10 * rng.randrange(10, 892)
        a, b = pair if rng.random() < 0.5 else pair[::-1]
        if not is_held_out(Problem("sum", a, b)):
            break
    write = grouped if rng.random() < 0.7 else str
    plus, equals = (" + ", " =") if rng.random() < 0.5 else (" plus ", " equals")
    return [(f"{write(a)}{plus}{write(b)}", False), (f"{equals} {write(a + b)}", True)]


def _digit_product(rng: random.Random) -> list[Piece]:
    """A two-digit number times a digit, or the same with a multiple of ten."""
    a, b = rng.randrange(10, 100), rng.randrange(2, 10) * rng.choice((1, 1, 10))
    first, second = (a, b) if rng.random() < 0.7 else (b, a)
    return _equation(f"{first}{rng.choice((' x ', ' x ', ' * ', ' × '))}{second}", grouped(a * b))


def _small_product(rng: random.Random) -> list[Piece]:
    a, b = rng.randrange(0, 10), rng.randrange(0, 10)
    return _equation(f"{a} x {b}", str(a * b))


def _small_difference(rng: random.Random) -> list[Piece]:
    a, b = rng.randrange(1, 20), rng.randrange(0, 10)
    return _equation(f"{a} - {b}", str(a - b))


def _product_in_brackets(rng: random.Random) -> list[Piece]:
    """The result first: ``50(10x5)``."""
    a, b = rng.randrange(2, 13), rng.randrange(2, 10)
    return [(f"{a * b}({a}", False), (f"x{b})", True)]


def _money_in_brackets(rng: random.Random) -> list[Piece]:
    """The result first: ``$35 ($85 - $50)``."""
    while True:
        problem = money.draw(rng)
        if problem.kind == "difference" and not is_held_out(problem):
            break
    return [
        (f"{money.answer(problem)} (${problem.a}", False),
        (f" - ${problem.b})", True),
    ]


def _signed_product(rng: random.Random) -> list[Piece]:
    while True:
        problem = signed.draw(rng)
        if not is_held_out(problem):
            break
    return _equation(f"{grouped(problem.a)} x {signed.tenths(problem.b)}", signed.answer(problem))


def _equation(left: str, right: str) -> list[Piece]:
    return [(left, False), (f" = {right}", True)]
