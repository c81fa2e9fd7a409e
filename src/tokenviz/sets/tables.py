"""Tables that hold the rows of a set, whoever made them: the set that they are."""

from __future__ import annotations

from typing import Any

from tokenviz.sets.arrow import arrow, arrow_type
from tokenviz.sets.parts import Parts
from tokenviz.sets.schema import (
    COLUMNS,
    REQUIRED,
    Facts,
    Tokenizer,
    kind_of,
    own_types,
)
from tokenviz.sets.trace_set import TraceSet

__all__ = ["holds_rows", "set_of"]


def holds_rows(schema: Any) -> bool:
    """Whether a file or a table with this schema has what a set cannot do without."""
    return set(REQUIRED) <= {*schema.names}


def set_of(table: Any, tokenizer: Tokenizer | None = None) -> TraceSet:
    """The set whose rows a table of Arrow's holds.

    Parameters
    ----------
    table
        The table. Types may be others that hold the same: polars has larger ones, and in pandas
        whole numbers of which one is missing are fractions.
    tokenizer
        Which one ids belong to, where the table does not say it.

    Raises
    ------
    ValueError
        If a column holds something else than it does in a set, or a key is there twice.
    """
    pa = arrow()
    fields, columns = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        of = _type(field)
        try:
            columns.append(column if field.type == of else _cast(column, of))
        except pa.ArrowException as error:
            raise ValueError(
                f"source: the column {field.name!r} of a set is {of}, got {field.type}: {error}"
            ) from None
        fields.append(field.with_type(of))
    made = pa.Table.from_arrays(columns, schema=pa.schema(fields))
    return TraceSet._of(Parts.of_tables([made], _facts(table, tokenizer)))


def _type(field: Any) -> Any:
    """What a column is made of: the schema's type, and of the user's own the plain one."""
    if field.name in COLUMNS:
        return arrow_type(COLUMNS[field.name])
    if (own := kind_of(field.name)) is not None:
        return arrow_type(own_types(*own)[field.name])
    return _plain(field.type)


def _cast(column: Any, of: Any) -> Any:
    """A column with another type; notes by their names, whose order differs and pandas loses."""
    pa = arrow()
    if of == arrow_type(COLUMNS["notes"]):
        return pa.chunked_array([pa.array(column.to_pylist(), of)])
    return column.cast(of)


def _plain(of: Any) -> Any:
    """A type without what another library makes of it: places of 64 bits, views, dictionaries."""
    types, pa = arrow().types, arrow()
    if types.is_dictionary(of):
        return _plain(of.value_type)
    if types.is_large_string(of) or types.is_string_view(of):
        return pa.string()
    if types.is_large_binary(of) or types.is_binary_view(of):
        return pa.binary()
    if types.is_list(of) or types.is_large_list(of) or types.is_fixed_size_list(of):
        return pa.list_(_plain(of.value_type))
    return of


def _facts(table: Any, tokenizer: Tokenizer | None) -> Facts:
    """What the table says of all its rows, or what its rows say."""
    said = Facts.decoded(table.schema.metadata, "the table")
    if said is not None:
        return said if said.tokenizer is not None else said._replace(tokenizer=tokenizer)
    distributions, temperatures = (
        sorted({*table.column(name).unique().to_pylist()} - {None})
        if name in table.schema.names
        else ()
        for name in ("distribution", "temperature")
    )
    return Facts(
        tokenizer=tokenizer,
        distributions=tuple(map(str, distributions)),
        temperatures=tuple(map(float, temperatures)),
    )
