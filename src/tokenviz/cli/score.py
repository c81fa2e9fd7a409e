"""``tokenviz score``: how probable a model finds each token of a text."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tokenviz.cli.making import check_for_folder, made_in
from tokenviz.cli.options import (
    Channel,
    Loading,
    Model,
    Progress,
    SetOutput,
    Title,
    TopK,
    progress_of,
)
from tokenviz.cli.reading import STDIN, Found, Row, is_file, rows_of
from tokenviz.cli.writing import emit, interrupted, is_folder

__all__ = ["score"]


def score(
    model: Model,
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT|FILE",
            help="Texts, files of one text each, or rows (.jsonl, .json, .parquet) with text, "
            "completion and prompt, or messages; “-”, or nothing, for standard input.",
            show_default=False,
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What comes before each text, and is not scored."),
    ] = None,
    output: SetOutput = None,
    channel: Channel = None,
    top_k: TopK = 5,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The most texts read together.")
    ] = None,
    title: Title = None,
    progress: Progress = None,
    loading: Loading = Loading(),  # noqa: B008 - frozen
) -> None:
    """Read texts with a model, and show how probable each token was.

    In a terminal the text stands on the colours of the figure; elsewhere it is a table with tabs
    between its columns. Into a folder it writes a set, and goes on with one that it began.
    """
    in_part = output is not None and is_folder(output)
    words = text or [STDIN]
    rows = [(_name(word), row) for word in words for row in rows_of(word, in_part=in_part)]
    if not rows:
        raise ValueError("there is no text to score")
    if output is not None and in_part:
        check_for_folder(channel, title)
        made_in(
            loading.load(model).score_set, [_columns(row, prompt) for _, row in rows], output,
            top_k=top_k, batch_size=batch_size, progress=progress_of(progress),
        )  # fmt: skip
        return
    lm = loading.load(model)
    traces = _score(lm, [row for _, row in rows], prompt, top_k, batch_size, progress)
    several = len(traces) > 1
    found = [
        Found(trace, f"{name} {i}" if several else name)
        for i, ((name, _), trace) in enumerate(zip(rows, traces, strict=True), 1)
    ]
    emit(found, output, title=title or found[0].name, channel=channel)
    interrupted(found)


def _score(
    lm: Any,
    rows: list[Row],
    prompt: str | None,
    top_k: int,
    batch_size: int | None,
    progress: bool | None,
) -> list[Any]:
    """Texts with a prompt together, texts without one together, chats one by one."""
    options: dict[str, Any] = {"top_k": top_k, "batch_size": batch_size,
                               "progress": progress_of(progress)}  # fmt: skip
    traces: list[Any] = [None] * len(rows)
    groups: dict[bool, list[int]] = {True: [], False: []}
    for i, row in enumerate(rows):
        if isinstance(row.text, list):
            traces[i] = lm.score(row.text, **{**options, "batch_size": None})
        elif not isinstance(row.text, str):
            raise ValueError(f"row {i + 1} has no text to score")
        else:
            groups[(row.prompt or prompt) is not None].append(i)
    for has_prompt, places in groups.items():
        if not places:
            continue
        before = [rows[i].prompt or prompt for i in places] if has_prompt else None
        scored = lm.score([rows[i].text for i in places], prompt=before, **options)
        for i, trace in zip(places, scored, strict=True):
            traces[i] = trace
    return traces


def _columns(row: Row, prompt: str | None) -> dict[str, Any]:
    """A row as a set of them is scored."""
    if isinstance(row.text, list):
        return {**row.others, "messages": row.text}
    return {**row.others, "text": row.text, "prompt": row.prompt or prompt}


def _name(word: str) -> str:
    return "standard input" if word == STDIN else word if is_file(word) else "text"
