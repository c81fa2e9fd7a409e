"""Worked long multiplications, and for each digit written in them the tokens that decide it.

The bundled model writes texts such as ::

    What is 43 x 34?<think>
    … I'll multiply 43 by 4, which gives me 172.
    Next, I'll multiply 43 by 30, resulting in 1,290.
    Finally, I'll add these two products together: 172 plus 1,290 equals 1,462.
    </think>

    1,462

A digit of a result is explained by the text before it. What decides it is settled by arithmetic:

- *Computed* (172, 1,290 and the first 1,462): of the operands of the expression being computed, as
  last written ("43 by 4", "172 plus 1,290"), those digits of which some other value, the rest left
  as it is, would put another digit at the same place of the result (ones, tens, …; a place that a
  shorter result lacks counts as 0). For 2 of 172 those are 3 and 4: 4 tens cannot change the ones.
- *Copied* (172 and 1,290 in the sum, the last 1,462): the digit at the same place of the number it
  repeats, where that was last written.

The same digits also stand further back (43 and 34 in the question, 172 where it was computed). A
model may read those copies instead; they are kept apart, as places that would count as well.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from training.families.products import PRODUCTS
from training.grammar import Chooser, worked_document
from training.problems import Problem, is_held_out

__all__ = ["DigitCase", "cases", "deciding_places"]

Operation = Callable[[int, int], int]

_NUMBER = r"\d[\d,]*"
_PRODUCT = re.compile(rf"multiply ({_NUMBER}) by ({_NUMBER}), \D+ ({_NUMBER}\d|\d)\.")
_SUM = re.compile(rf"({_NUMBER}) plus ({_NUMBER}) equals ({_NUMBER}\d|\d)\.")
_ANSWER = re.compile(rf"</think>\s+({_NUMBER})")

Span = tuple[int, int]
"""Characters of the text."""


@dataclass(frozen=True)
class DigitCase:
    """A digit and what decides it.

    Parameters
    ----------
    kind
        Whether the digit is computed or copied.
    prompt
        Ids of all tokens before the digit.
    target
        The digit's id.
    deciding
        Positions in the prompt of the tokens that decide it.
    copies
        Positions of earlier tokens with the same digits of the same numbers.
    """

    kind: Literal["computed", "copied"]
    prompt: tuple[int, ...]
    target: int
    deciding: frozenset[int]
    copies: frozenset[int]


def cases(tokenizer: Any, problems: int, seed: int = 0) -> list[DigitCase]:
    """The digits of so many multiplications that the model has not been trained on."""
    rng = random.Random(seed)
    held_out = [
        problem
        for a in range(10, 100)
        for b in range(10, 100)
        if is_held_out(problem := Problem("product", a, b))
    ]
    return [
        case
        for problem in rng.sample(held_out, problems)
        for case in _cases_of(tokenizer, _text(problem))
    ]


def deciding_places(
    a: int, b: int, operation: Operation, place: int
) -> tuple[frozenset[int], frozenset[int]]:
    """The places (0 for ones) of the digits of a and of b that decide a place of the result."""
    digit = _digit(operation(a, b), place)

    def changes(operand: int, other: Callable[[int], int]) -> Iterator[int]:
        for position in range(len(str(operand))):
            rest = operand - _digit(operand, position) * 10**position
            results = (other(rest + value * 10**position) for value in range(10))
            if any(_digit(result, place) != digit for result in results):
                yield position

    return (
        frozenset(changes(a, lambda changed: operation(changed, b))),
        frozenset(changes(b, lambda changed: operation(a, changed))),
    )


def _text(problem: Problem) -> str:
    question = f"What is {problem.a} x {problem.b}?"
    work = PRODUCTS.work(Chooser(), problem)  # its likeliest wording
    return worked_document(question, work, PRODUCTS.answer(problem)).text


def _cases_of(tokenizer: Any, text: str) -> list[DigitCase]:
    encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    ids = encoded["input_ids"]
    token_at = {start: index for index, (start, _) in enumerate(encoded["offset_mapping"])}

    def case(
        kind: Literal["computed", "copied"], at: int, deciding: Sequence[int], copies: Sequence[int]
    ) -> DigitCase:
        nearest = frozenset(token_at[character] for character in deciding)
        others = frozenset(token_at[character] for character in copies) - nearest
        position = token_at[at]
        return DigitCase(kind, tuple(ids[:position]), ids[position], nearest, others)

    result = []
    first, second = _PRODUCT.finditer(text)
    total, answer = _match(_SUM, text), _match(_ANSWER, text)
    a, b = _match(re.compile(r"(\d+) x (\d+)"), text).groups()
    for product in (first, second):
        operands = [_places(text, product.span(group)) for group in (1, 2)]
        earlier_a = _earlier(text, a, product.start())
        # The leading digit of "by 30" is the tens of 34, that of "by 4" the ones; a 0 is neither.
        leading = len(product[2]) - 1
        earlier_b = [places[leading] for places in _earlier(text, b, product.start())]
        for place, at in enumerate(_places(text, product.span(3))):
            of_a, of_b = deciding_places(
                _value(product[1]), _value(product[2]), lambda x, y: x * y, place
            )
            deciding = [operands[0][p] for p in of_a] + [operands[1][p] for p in of_b]
            copies = [places[p] for places in earlier_a for p in of_a]
            copies += earlier_b if leading in of_b else []
            result.append(case("computed", at, deciding, copies))
    products = [_places(text, product.span(3)) for product in (first, second)]
    operands = [_places(text, total.span(group)) for group in (1, 2)]
    for source, copied in zip(products, operands, strict=True):
        for place, at in enumerate(copied):
            result.append(case("copied", at, [source[place]], []))
    sums = _places(text, total.span(3))
    for place, at in enumerate(sums):
        of_both = deciding_places(_value(total[1]), _value(total[2]), lambda x, y: x + y, place)
        deciding = [operands[k][p] for k in (0, 1) for p in of_both[k]]
        copies = [products[k][p] for k in (0, 1) for p in of_both[k]]
        result.append(case("computed", at, deciding, copies))
    for place, at in enumerate(_places(text, answer.span(1))):
        result.append(case("copied", at, [sums[place]], []))
    return result


def _match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.search(text)
    if match is None:
        raise ValueError(f"text: expected {pattern.pattern!r} in {text!r}")
    return match


def _places(text: str, span: Span) -> list[int]:
    """Where the digits of a number stand, ones first."""
    return [at for at in reversed(range(*span)) if text[at].isdigit()]


def _earlier(text: str, number: str, before: int) -> list[list[int]]:
    """The digits of each mention of a number before a place in the text."""
    mentions = re.finditer(rf"(?<!\d){number}(?!\d)", text[:before])
    return [_places(text, mention.span()) for mention in mentions]


def _value(written: str) -> int:
    return int(written.replace(",", ""))


def _digit(number: int, place: int) -> int:
    digit: int = number // 10**place % 10
    return digit
