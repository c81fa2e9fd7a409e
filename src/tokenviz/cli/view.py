"""``tokenviz view``: whatever is read, as one page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tokenviz.cli.browsing import serve_page
from tokenviz.cli.many import choose, is_many, open_many
from tokenviz.cli.options import Channel, Output, Title
from tokenviz.cli.ordering import HELP, Order, order_of
from tokenviz.cli.reading import Found, read_files
from tokenviz.cli.running import FAILED, complain
from tokenviz.cli.writing import emit, page_of

__all__ = ["view"]


def view(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="What tokenviz reads (“tokenviz formats” lists it) or has written, folders of it, "
            "a set's folder, or “-” for JSON on standard input.",
            show_default=False,
        ),
    ],
    output: Output = None,
    sort: Annotated[
        str | None, typer.Option(metavar="WHAT", help=f"Of several: {HELP[0].lower()}{HELP[1:]}")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way about.")] = False,
    filter: Annotated[  # noqa: A002 - what sets call it
        str | None,
        typer.Option(
            metavar="SQL",
            help="Of many, those that fulfil an expression over the columns of a set: "
            "“reward = 0 AND n_tokens > 50”. Needs [sets].",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="Of several, show so many; 0 for all.")
    ] = 50,
    channel: Channel = None,
    format: Annotated[  # noqa: A002 - what it is called everywhere
        str | None,
        typer.Option(metavar="NAME", help="What they are, where that is not recognised."),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_FOLDER",
            help="Makes tokens of ids: a folder with a tokenizer.json, or such a file; a name is "
            "looked for among what was downloaded before.",
        ),
    ] = None,
    title: Title = None,
    open_: Annotated[
        bool,
        typer.Option("--open/--no-open", help="Without -o: open the page in the browser, or not."),
    ] = True,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Without -o: where it is served; 0 for any.")
    ] = 0,
) -> None:
    """Show log-probabilities, rollouts, comparisons and attributions as one page.

    The page needs no network. Without -o it is served to this machine's browser until Ctrl-C. Of
    several traces the page begins with a list; --sort brings what matters to its top.
    """
    options: dict[str, Any] = {}
    if format is not None:
        options["format"] = format
    if tokenizer is not None:
        options["tokenizer"] = tokenizer_of(tokenizer)
    shown, remark, order, failed = (
        _of_set(files, options, sort, reverse, top, filter)
        if is_many(files, has_filter=filter is not None)
        else _of_files(files, options, sort, reverse, top, filter)
    )
    look: dict[str, Any] = {
        "title": title or (shown[0].name if len(shown) == 1 else f"{len(shown)} traces"),
        "order": order,
        "remark": remark,
        "channel": channel,
    }
    if output is not None:
        emit(shown, output, **look)
    else:
        serve_page(page_of(shown, **look), port=port, is_opened=open_)
    if failed:
        raise typer.Exit(FAILED)


def _of_files(
    files: list[str],
    options: dict[str, Any],
    sort: str | None,
    reverse: bool,
    top: int,
    filter_: str | None,
) -> tuple[Sequence[Found], str, Order | None, int]:
    """What is shown, in words, in which order, and how much could not be read."""
    if filter_ is not None:
        from tokenviz._optional import require

        for library in ("duckdb", "pyarrow"):
            require(library, feature="--filter", install="tokenviz-widget[sets]")
        raise ValueError(
            "filter: expected files of what others gave, or a set's folder; what tokenviz wrote "
            "trace by trace, and standard input, are not filtered"
        )
    found, failed = read_files(files, **options)
    order = None if sort is None else order_of(sort)
    if order is not None:
        found_sorted = order.apply(found, reverse=reverse)
    else:
        found_sorted = found[::-1] if reverse else found
    shown = found_sorted[:top] if top else found_sorted
    if not shown:
        raise ValueError("there is nothing to show")
    _say_how_many(len(shown), len(found))
    return shown, _remark(len(shown), len(found), sort, failed, "file"), order, failed


def _of_set(
    files: list[str],
    options: dict[str, Any],
    sort: str | None,
    reverse: bool,
    top: int,
    filter_: str | None,
) -> tuple[Sequence[Found], str, Order | None, int]:
    traces, failed = open_many(files, **options)
    shown, fitting, total = choose(traces, sort=sort, reverse=reverse, top=top, filter_=filter_)
    _say_how_many(len(shown), fitting)
    remark = _remark(len(shown), fitting, sort, failed, "row")
    if filter_ is not None:
        remark += f" Of {total:,} these {fitting:,} fit {filter_}."
    return shown, remark, None, failed


def _say_how_many(shown: int, found: int) -> None:
    if shown < found:
        complain(f"{shown} of {found} are shown; --top 0 shows all", "note")


def tokenizer_of(name: str) -> Any:
    """What ``--tokenizer`` means: a folder or file, or a name that was downloaded before.

    Raises
    ------
    ValueError
        If there is neither.
    """
    from pathlib import Path

    if Path(name).exists():
        return name
    from tokenviz._optional import require

    transformers = require(
        "transformers", feature="a tokenizer's name", install="tokenviz-widget[models]"
    )
    try:
        return transformers.AutoTokenizer.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError):
        raise ValueError(
            f"tokenizer: expected a folder with a tokenizer.json, such a file, or a name that was "
            f"downloaded before, got {name!r}"
        ) from None


def _remark(shown: int, found: int, sort: str | None, failed: int, what: str) -> str:
    count = f"{shown:,} of {found:,}" if shown < found else f"{shown:,}"
    parts = [f"{count}, {'as they were read' if sort is None else f'sorted by {sort}'}."]
    if failed:
        parts.append(f"{failed:,} {what}{'s' * (failed != 1)} could not be read.")
    return " ".join(parts)
