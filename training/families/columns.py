"""Column-by-column addition and subtraction, shared by sums, differences and money."""

from __future__ import annotations

PLACES = ("Ones", "Tens", "Hundreds", "Thousands")


def added_columns(a: int, b: int) -> str:
    """Add two numbers digit by digit from the right, carrying where needed."""
    lines = []
    columns = len(str(max(a, b)))
    carry = 0
    for place, (x, y) in enumerate(zip(_digits(a, columns), _digits(b, columns), strict=True)):
        total = x + y + carry
        line = f"{PLACES[place]}: {x} plus {y}{' plus 1' if carry else ''} equals {total}"
        carry = total // 10
        if carry and place < columns - 1:
            line += f", write {total % 10}, carry 1"
        lines.append(f"{line}.\n\n")
    return "".join(lines)


def subtracted_columns(a: int, b: int) -> str:
    """Subtract ``b`` from a number no smaller, borrowing where needed."""
    lines = []
    columns = len(str(a))
    borrowed = 0
    for place, (x, y) in enumerate(zip(_digits(a, columns), _digits(b, columns), strict=True)):
        borrow = 1 if x < y + borrowed else 0
        line = f"{PLACES[place]}: {x} minus {y}{' minus 1' if borrowed else ''}"
        line += f"{' plus a borrowed 10' if borrow else ''} equals {x - y - borrowed + 10 * borrow}"
        borrowed = borrow
        lines.append(f"{line}.\n\n")
    return "".join(lines)


def _digits(number: int, columns: int) -> list[int]:
    """Digits from the ones up, padded with zeros."""
    return [number // 10**place % 10 for place in range(columns)]
