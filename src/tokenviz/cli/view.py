"""``tokenviz view``: whatever is read, as one page, or served."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from tokenviz.cli.browsing import serve_page
from tokenviz.cli.many import (
    AttributionsError,
    again_as_set,
    channel_sorted_by,
    choose,
    is_many,
    open_many,
    read_in_part,
    set_of,
)
from tokenviz.cli.options import BUNDLED, Channel, Progress, SetOutput, Title, progress_of
from tokenviz.cli.ordering import HELP, Order, order_of
from tokenviz.cli.reading import STDIN, Found, are_ids, read_files
from tokenviz.cli.running import FAILED, complain
from tokenviz.cli.table import most_of_page, save_table, serve_table
from tokenviz.cli.writing import emit, emit_traces, is_folder, is_page, page_of

if TYPE_CHECKING:
    from tokenviz.sets.trace_set import TraceSet

__all__ = ["view"]

_NO_COLUMNS = "filter: expected traces; attributions, comparisons and trees have no columns"
_FIGURES = 50
"""Of a page that is no table, because of each the whole figure is laid out."""


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
    output: SetOutput = None,
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
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Of several, show so many; 0 for all. A page holds 5,000 traces at most; of what "
            "is no table of traces 50 are shown unless told otherwise.",
            show_default=False,
        ),
    ] = None,
    channel: Channel = None,
    format: Annotated[  # noqa: A002 - what it is called everywhere
        str | None,
        typer.Option(metavar="NAME", help="What they are, where that is not recognised."),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_FOLDER",
            help="Makes tokens of ids: a folder with a tokenizer.json, or such a file; “demo”; a "
            "name is looked for among what was downloaded before.",
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
    progress: Progress = None,
) -> None:
    """Show log-probabilities, rollouts, comparisons and attributions as one page.

    The page needs no network. Without -o it is served to this machine's browser until Ctrl-C.
    Several traces are a table that is sorted, filtered and searched on the page; a row that is
    picked opens below it. Served, the table has all rows, however many.
    """
    options: dict[str, Any] = {}
    if format is not None:
        options["format"] = format
    if tokenizer is not None:
        options["tokenizer"] = tokenizer_of(tokenizer)
    asked = _Asked(output, sort, reverse, top, filter, channel, title, open_, port)
    options["progress"] = progress_of(progress)
    traces, found, failed = _read(
        files,
        options,
        has_filter=filter is not None,
        is_kept=output is not None and is_folder(output),
    )
    first = next(iter(traces or [one.source for one in found]), None)
    if tokenizer is None and first is not None and are_ids(first):
        complain("the tokens are ids; --tokenizer, with the model's folder, spells them", "note")
    if traces is None:
        _show_found(found, asked, failed)
    else:
        _show_set(traces, asked, failed)
    if failed:
        raise typer.Exit(FAILED)


class _Asked(NamedTuple):
    """How it is to be shown."""

    output: str | None
    sort: str | None
    reverse: bool
    top: int | None
    filter: str | None
    channel: str | None
    title: str | None
    is_opened: bool
    port: int


def _read(
    files: list[str], options: dict[str, Any], *, has_filter: bool, is_kept: bool
) -> tuple[TraceSet | None, list[Found], int]:
    """A set where there are several traces, else what there is; and how much was not read.

    Of one trace it is a set, too, where it is filtered, or kept in a folder.
    """
    if has_filter:
        from tokenviz._optional import require

        for library in ("duckdb", "pyarrow"):
            require(library, feature="--filter", install="tokenviz-widget[sets]")
    if is_many(files, has_filter=has_filter):
        try:
            traces, failed = open_many(files, **options)
            return traces, [], failed
        except AttributionsError as error:
            if has_filter:
                raise ValueError(_NO_COLUMNS) from None
            files = error.files
    given = sys.stdin.buffer.read() if STDIN in files else b""
    own = {name: value for name, value in options.items() if name != "progress"}
    try:
        found, failed = read_files(files, stdin=given, in_part=True, **own)
    except ValueError:
        # Of many rows one may be broken: then the others are a set.
        broken = read_in_part(files, given, options)
        if broken is None:
            raise
        return broken[0], [], broken[1]
    if not found:
        raise ValueError("there is nothing to show")
    made = set_of(found) if has_filter or is_kept or len(found) > 1 else None
    if made is None and has_filter:
        raise ValueError(_NO_COLUMNS)
    if made is not None and len(files) == 1:
        # Once more, as a set, which keeps what else is said of each.
        again = again_as_set(files[0], given, options)
        made = made if again is None else again[0]
    return made, found, failed


def _show_found(found: list[Found], asked: _Asked, failed: int) -> None:
    """What is no set: one of them; attributions and comparisons; traces, where sets are missing."""
    order = None if asked.sort is None else order_of(asked.sort)
    if order is not None:
        in_order = order.apply(found, reverse=asked.reverse)
    else:
        in_order = found[::-1] if asked.reverse else found
    top = asked.top
    if top is None and (asked.output is None or is_page(asked.output)):
        top = _FIGURES
    shown = in_order[: top or None]
    if len(shown) < len(found):
        complain(f"{len(shown):,} of {len(found):,} are shown; --top 0 shows all", "note")
    remark = _remark(len(shown), len(found), asked.sort, failed)
    _give(shown, asked, remark, order)


def _give(shown: list[Found], asked: _Asked, remark: str, order: Order | None = None) -> None:
    look: dict[str, Any] = {
        "title": asked.title or _title(len(shown), shown[0].name),
        "order": order,
        "remark": remark,
        "channel": asked.channel,
    }
    if asked.output is not None:
        emit(shown, asked.output, **look)
    else:
        serve_page(page_of(shown, **look), port=asked.port, is_opened=asked.is_opened)


def _show_set(traces: TraceSet, asked: _Asked, failed: int) -> None:
    """A table to browse, or the data of each; of one alone its figure."""
    top, has_page = asked.top or None, asked.output is not None and is_page(asked.output)
    if has_page:
        top = min(top or most_of_page(), most_of_page())
    chosen = choose(traces, sort=asked.sort, reverse=asked.reverse, top=top, filter_=asked.filter)
    count = len(chosen.rows)
    if count < chosen.fitting:
        is_full = has_page and count == most_of_page()
        rest = (
            "a page holds no more; without -o all can be browsed"
            if is_full
            else "--top 0 shows all"
        )
        complain(f"{count:,} of {chosen.fitting:,} are shown; {rest}", "note")
    channel = asked.channel or channel_sorted_by(traces, asked.sort)
    remark = _remark(count, chosen.fitting, asked.sort, failed, f" row{'s' * (failed != 1)}")
    if asked.filter is not None:
        remark += f" Of {chosen.total:,} these {chosen.fitting:,} fit {asked.filter}."
    if count == 1 and not (asked.output and is_folder(asked.output)):
        ((key, trace),) = zip(chosen.rows.keys, chosen.rows, strict=True)
        _give([Found(trace, key)], asked, remark)
    elif asked.output is None:
        serve_table(
            traces, chosen, is_cut=top is not None or (asked.reverse and asked.sort is None),
            title=asked.title or _title(count), remark=remark, channel=channel,
            filter_=asked.filter, port=asked.port, is_opened=asked.is_opened,
        )  # fmt: skip
    elif has_page:
        save_table(
            chosen.rows, asked.output, title=asked.title or _title(count), remark=remark,
            channel=channel, by=chosen.by, descending=chosen.descending,
        )  # fmt: skip
    elif is_folder(asked.output):
        try:
            chosen.rows.save(asked.output)
        except FileExistsError:
            raise ValueError(
                f"output: {asked.output} holds something, and a set is written anew; expected the "
                "name of a folder that is empty, or not there"
            ) from None
    else:
        emit_traces(chosen.rows, asked.output)


def _title(count: int, name: str = "") -> str:
    return name if count == 1 else f"{count:,} traces"


def tokenizer_of(name: str) -> Any:
    """What ``--tokenizer`` means: a folder, a file, “demo”, or a name that was downloaded before.

    Raises
    ------
    ValueError
        If there is neither.
    """
    from pathlib import Path

    if Path(name).exists():
        return name
    if name == BUNDLED:
        from importlib.resources import files

        return str(files("tokenviz") / "demo")
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


def _remark(shown: int, found: int, sort: str | None, failed: int, what: str = "") -> str:
    count = f"{shown:,} of {found:,}" if shown < found else f"{shown:,}"
    parts = [f"{count}, {'as they were read' if sort is None else f'sorted by {sort}'}."]
    if failed:
        parts.append(f"{failed:,}{what} could not be read.")
    return " ".join(parts)
