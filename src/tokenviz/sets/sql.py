"""Names, texts and expressions as SQL, none of which can say more than it should."""

from __future__ import annotations

from typing import Any

from tokenviz.sets.arrow import duckdb

__all__ = ["expression", "name", "only_reads", "text"]


def name(of: str) -> str:
    """A column's name, whatever is in it.

    Raises
    ------
    ValueError
        If it holds a zero, which no name can.
    """
    if "\0" in of:
        raise ValueError(f"columns: {of!r} cannot be the name of a column")
    escaped = of.replace('"', '""')
    return f'"{escaped}"'


def text(of: str) -> str:
    """A text as a literal."""
    escaped = of.replace("'", "''")
    return f"'{escaped}'"


def expression(of: Any, argument: str) -> str:
    """What a user wrote, if it is one expression and nothing after it.

    Raises
    ------
    TypeError, ValueError
        If it is something else; ``argument`` names it.
    """
    if not isinstance(of, str):
        raise TypeError(f"{argument}: expected an SQL expression, got {type(of).__name__}: {of!r}")
    library = duckdb()
    try:
        library.SQLExpression(of)
    except library.Error as error:
        said = str(error).strip().splitlines()[0]
        raise ValueError(f"{argument}: expected an SQL expression, got {of!r}: {said}") from None
    # On lines of its own, so that a comment in it ends where it ends.
    return f"(\n{of}\n)"


def only_reads(connection: Any, files: list[str]) -> None:
    """Take from a connection all that reaches beyond some files: no others, no network, no Python.

    It stays so: nothing that is said to the connection afterwards can change it.
    """
    allowed = ", ".join(map(text, files))
    for setting in (
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "python_enable_replacements = false",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")
