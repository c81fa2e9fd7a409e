"""``tokenviz compare``: where two models, or two files of traces, part."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from tokenviz.cli.options import (
    Channel,
    Loading,
    Output,
    Progress,
    Title,
    TopK,
    progress_of,
)
from tokenviz.cli.ordering import HELP, order_of
from tokenviz.cli.reading import STDIN, Found, Row, is_file, read_files, rows_of
from tokenviz.cli.writing import emit, interrupted

__all__ = ["compare"]


def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="The reference: a model (a name, a folder, “demo”), or a file of traces.",
            show_default=False,
        ),
    ],
    b: Annotated[
        str,
        typer.Argument(
            metavar="B", help="What is compared with it, of the same kind.", show_default=False
        ),
    ],
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT|FILE",
            help="Of models: what both read, as for “tokenviz score”.",
            show_default=False,
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What comes before each text, and is not compared."),
    ] = None,
    output: Output = None,
    channel: Channel = None,
    sort: Annotated[
        str | None, typer.Option(metavar="WHAT", help=f"Of several: {HELP[0].lower()}{HELP[1:]}")
    ] = None,
    names: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="A B", help="What figures call the two.", show_default=False),
    ] = None,
    temperature: Annotated[
        list[float] | None,
        typer.Option(metavar="T", help="Divides the logits; given twice, A's and B's."),
    ] = None,
    top_k: TopK = 5,
    title: Title = None,
    progress: Progress = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(metavar="NAME_OR_FOLDER", help="Of files: makes tokens of ids."),
    ] = None,
    loading: Loading = Loading(),  # noqa: B008 - frozen
    other_dtype: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Number format of B, where it is another."),
    ] = None,
    other_revision: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Branch, tag or commit of B, where it is another."),
    ] = None,
) -> None:
    """Lay what two models make of one text over each other: what changed, and where most.

    Two models read the same text, and the divergences are exact. Two files hold traces of the same
    texts, in the same order, from wherever they come.
    """
    order = None if sort is None else order_of(sort)
    is_of_files = _is_data(a) and _is_data(b)
    if is_of_files:
        if text:
            raise ValueError("text: two files of traces hold their texts; got another")
        found = _files(a, b, names, tokenizer)
    else:
        for word in (a, b):
            if _is_data(word):
                raise ValueError(f"expected two models, or two files of traces; {word!r} is a file")
        rows = [(word, row) for word in text or [STDIN] for row in rows_of(word)]
        lm = loading.load(a)
        others = replace(
            loading,
            dtype=other_dtype or loading.dtype,
            revision=other_revision or loading.revision,
        )
        other = lm if a == b and others == loading else others.load(b)
        options: dict[str, Any] = {
            "top_k": top_k,
            "names": names,
            "progress": progress_of(progress),
        }
        if temperature:
            options["temperature"] = temperature[0] if len(temperature) == 1 else (*temperature,)
        found = _models(lm, other, rows, prompt, options)
    if order is not None:
        found = order.apply(found)
    emit(found, output, title=title or f"{a} and {b}", channel=channel, order=order)
    if not is_of_files:
        interrupted(found)


def _models(
    lm: Any, other: Any, rows: list[tuple[str, Row]], prompt: str | None, options: dict[str, Any]
) -> list[Found]:
    found = []
    for i, (word, row) in enumerate(rows, 1):
        if row.text is None:
            raise ValueError(f"row {i} has no text to compare")
        before = None if isinstance(row.text, list) else row.prompt or prompt
        place = word if is_file(word) else "text"
        name = f"{place} {i}" if len(rows) > 1 else place
        found.append(Found(lm.compare(other, row.text, prompt=before, **options), name))
    return found


def _files(a: str, b: str, names: tuple[str, str] | None, tokenizer: str | None) -> list[Found]:
    from tokenviz.cli.view import tokenizer_of
    from tokenviz.data.comparing import compare as compare_traces
    from tokenviz.data.naming import files_apart

    options = {} if tokenizer is None else {"tokenizer": tokenizer_of(tokenizer)}
    (ones, _), (others, _) = (read_files([word], **options) for word in (a, b))
    if len(ones) != len(others):
        raise ValueError(
            f"{a} has {len(ones)} traces and {b} has {len(others)}; expected as many, in one order"
        )
    called = names or files_apart(a, b)
    found = []
    for one, other in zip(ones, others, strict=True):
        try:
            compared: Any = compare_traces(one.source, other.source, names=called)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise ValueError(f"{one.name}, {other.name}: {error}") from None
        found.append(Found(compared, one.name))
    return found


def _is_data(word: str) -> bool:
    return is_file(word)
