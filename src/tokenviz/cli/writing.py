"""What becomes of what was found: a page, data, a picture, lines of JSON, the terminal's text."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from tokenviz.cli.ordering import Order, channel_of, channels_of, trace_of
from tokenviz.cli.reading import STDIN, Found
from tokenviz.cli.running import INTERRUPTED, complain

if TYPE_CHECKING:
    from tokenviz.export.contents import Entry
    from tokenviz.sets.trace_set import TraceSet
    from tokenviz.widget.figure import Figure

__all__ = [
    "FOLDER_HELP", "HELP", "check_output", "check_set_output", "emit", "emit_traces",
    "interrupted", "is_folder", "is_page", "page_of",
]  # fmt: skip

STDOUT = STDIN
PAGE = ".html"
_ONE = (".json", ".npz", ".svg", ".pdf", ".png")
_LINES = ".jsonl"
FOLDER_HELP = "A name that ends in “/”, or a folder that is there, is a set: see docs/sets.md."
HELP = (
    "Where to: a page (.html), the data (.json, .npz; .jsonl of several), a picture (.svg, .pdf, "
    ".png; these need matplotlib), or “-” for JSON on standard output, a line each."
)


def check_output(value: str | None) -> str | None:
    """Refuse a name before anything is computed for it.

    Raises
    ------
    typer.BadParameter
        If it ends in nothing that is known, or its folder is not there.
    """
    if value is not None and value != STDOUT:
        _check_file(value)
    return value


def check_set_output(value: str | None) -> str | None:
    """The same, where a folder will do, too.

    Raises
    ------
    typer.BadParameter
        If it is none of what is known.
    """
    if value is None or value == STDOUT:
        return value
    if not is_folder(value):
        _check_file(value, ", a folder’s name and /")
        return value
    path = Path(value)
    if path.exists() and not path.is_dir():
        raise typer.BadParameter(f"{value!r} is a file, and not a folder")
    _check_parent(path)
    return value


def _check_file(value: str, others: str = "") -> None:
    path = Path(value)
    known = (PAGE, _LINES, *_ONE)
    if path.suffix.lower() not in known:
        raise typer.BadParameter(
            f"expected a name ending in {', '.join(known)}{others}, or -, got {value!r}"
        )
    _check_parent(path)


def _check_parent(path: Path) -> None:
    if not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(path.parent)!r}")


def is_folder(output: str) -> bool:
    """Whether what is written becomes a set."""
    return output.endswith(("/", os.sep)) or (output != STDOUT and Path(output).is_dir())


def is_page(output: str) -> bool:
    """Whether what is written becomes a page."""
    return Path(output).suffix.lower() == PAGE


def emit_traces(traces: TraceSet, output: str) -> None:
    """Write the data of several traces, a line each, of which one at a time is made.

    Raises
    ------
    ValueError
        If the place holds one alone.
    """
    if output != STDOUT and Path(output).suffix.lower() != _LINES:
        raise _holds_one(output, len(traces))
    found = (Found(trace, "") for trace in traces)
    if output == STDOUT:
        _lines(found, sys.stdout)
    else:
        _save_lines(found, output)


def emit(
    found: Sequence[Found],
    output: str | None,
    *,
    title: str,
    channel: str | None = None,
    order: Order | None = None,
    remark: str = "",
) -> None:
    """Write what was found to where it belongs; without a place, to the terminal.

    Raises
    ------
    ValueError
        If several things are to be written where one fits, or what is no set into a folder.
    """
    channel = known_channel(found, channel)
    if output is not None and is_folder(output):
        raise ValueError(
            f"output: {output} is a folder, which keeps a set of traces (with the extra [sets]); "
            "expected a name ending in .html, .json or .jsonl for what was read"
        )
    suffix = "" if output is None else Path(output).suffix.lower()
    if output is None:
        _print(found, channel)
    elif output == STDOUT:
        _lines(found, sys.stdout)
    elif suffix == PAGE:
        _write_page(found, output, title=title, channel=channel, order=order, remark=remark)
    elif suffix == _LINES:
        _save_lines(found, output)
    elif len(found) != 1:
        raise _holds_one(output, len(found))
    elif suffix in (".json", ".npz"):
        found[0].source.save(output)
    else:
        figure_of(found[0], channel).save(output)


def figure_of(found: Found, channel: str | None, ends: Mapping[str, float] | None = None) -> Figure:
    """The figure of one, coloured by a channel where it has that; attributions from end to end.

    Parameters
    ----------
    found
        What it shows.
    channel
        The channel.
    ends
        Of the colour bar, where several figures are to share them.
    """
    from tokenviz.data.attribution import Attribution

    source: Any = found.source
    looks: dict[str, Any] = {}
    if isinstance(source, Attribution):
        looks = {"vmin": None, "vmax": None}
    elif channel in channels_of(found):
        looks = {"channel": channel, **(ends or {})}
    figure: Figure = source.show(**looks)
    return figure


def common_ends(found: Sequence[Found], channel: str | None) -> dict[str, float]:
    """Ends of the colour bar for all traces: a colour means the same in each figure of a page.

    Nothing where the channel's own ends are the same for every trace.
    """
    from tokenviz.data.channels import channel_look, channel_values

    traces = [trace_of(one) for one in found if channel in channels_of(one)]
    known = [trace for trace in traces if trace is not None]
    if channel is None or not known:
        return {}
    look = channel_look(known[0], channel)
    values = np.concatenate([channel_values(trace, channel).chosen for trace in known])
    finite = values[np.isfinite(values)]
    if look.vmax is not None or not finite.size:
        return {}
    least, most = float(finite.min()), float(finite.max())
    if look.center is not None:
        reach = max(most - look.center, look.center - least)
        return {"vmin": look.center - reach, "vmax": look.center + reach} if reach else {}
    low = least if look.vmin is None else look.vmin
    return {"vmin": low, "vmax": most} if most > low else {}


def interrupted(found: Sequence[Found]) -> None:
    """End as interrupted, after what there is was written, if it is a part of what was asked for.

    Raises
    ------
    typer.Exit
        If it is.
    """
    from tokenviz.data.comparison import Comparison

    for source in (one.source for one in found):
        parts: list[Any] = [source.a, source.b] if isinstance(source, Comparison) else [source]
        if any(getattr(part, "partial", False) for part in parts):
            raise typer.Exit(INTERRUPTED)


def known_channel(found: Sequence[Found], word: str | None) -> str | None:
    """The channel that a word of the shell's means, if anything has it.

    Raises
    ------
    ValueError
        If nothing has.
    """
    if word is None:
        return None
    channel = channel_of(word)
    known = dict.fromkeys(name for one in found for name in channels_of(one))
    if channel not in known:
        raise ValueError(
            f"channel: expected one of {', '.join(known) or '(none: these are no traces)'}, "
            f"got {word!r}"
        )
    return channel


def page_of(
    found: Sequence[Found],
    *,
    title: str,
    channel: str | None = None,
    order: Order | None = None,
    remark: str = "",
) -> str:
    """The page of one figure, or of several with what is on it."""
    from tokenviz.export.contents import contents_page
    from tokenviz.export.html import fragment, page
    from tokenviz.export.state import FigureState

    channel = known_channel(found, channel)
    if len(found) != 1:
        return contents_page(_entries(found, channel, order), title, remark)
    figure = figure_of(found[0], channel)
    kind = FigureState.from_widget(figure, ["_kind"]).kind
    return page([fragment(figure, with_script=False)], title, kinds=[kind])


def _write_page(
    found: Sequence[Found],
    output: str,
    *,
    title: str,
    channel: str | None = None,
    order: Order | None = None,
    remark: str = "",
) -> None:
    """Write that page to a file."""
    from tokenviz.export.contents import save_contents

    if len(found) == 1:
        figure_of(found[0], channel).save(output)
        return
    from tokenviz.cli.many import set_of
    from tokenviz.cli.table import most_of_page, save_table

    traces = set_of(found)
    if traces is not None:
        if len(traces) > (most := most_of_page()):
            complain(f"the page holds {most:,} of {len(traces):,} traces", "note")
            remark = f"The first {most:,} of {len(traces):,}. {remark}"
        save_table(traces[: most_of_page()], output, title=title, remark=remark, channel=channel)
    else:
        save_contents(_entries(found, channel, order), output, title, remark)


def _entries(found: Sequence[Found], channel: str | None, order: Order | None) -> list[Entry]:
    from tokenviz.export.contents import Entry

    ends = common_ends(found, channel)
    return [
        Entry(figure_of(one, channel, ends), _first_words(one), one.name, _facts(one, order))
        for one in found
    ]


def _first_words(found: Found) -> str:
    source: Any = found.source
    trace = trace_of(found)
    if trace is not None:
        return trace.text
    tokens = "".join(token.text for token in source.tokens)
    return f"{tokens} → {', '.join(source.target_labels)}"


def _facts(found: Found, order: Order | None) -> dict[str, str | float]:
    trace = trace_of(found)
    if trace is None or not len(trace):
        return dict(found.facts)
    summary = trace.summary()
    facts: dict[str, str | float] = {
        "Tokens": float(summary.tokens),
        "log p": summary.logprob,
        "per token": summary.mean_logprob,
    }
    if summary.worst is not None:
        facts["Worst token"] = summary.worst.token.label
        facts["its log p"] = summary.worst.logprob
    if order is not None and order.title not in _SHOWN:
        facts[order.title] = order.of(found)
    return {**facts, **found.facts}


_SHOWN = ("worst token", "mean log-probability", "log-probability", "length")


def _print(found: Sequence[Found], channel: str | None) -> None:
    from tokenviz.cli.terminal import show

    for i, one in enumerate(found):
        if len(found) > 1:
            typer.echo(f"{chr(10) * (i > 0)}{one.name}")
        show(one.source, channel=channel if channel in channels_of(one) else None)


def _holds_one(output: str, count: int) -> ValueError:
    return ValueError(
        f"output: {Path(output).name} holds one, and there are {count:,}; "
        "expected a name ending in .jsonl or .html"
    )


def _save_lines(found: Iterable[Found], output: str) -> None:
    from tokenviz.data.replacing import replacing

    with replacing(Path(output)) as place, place.open("w", encoding="utf-8") as file:
        _lines(found, file)


def _lines(found: Iterable[Found], file: Any) -> None:
    from tokenviz.data.files import to_json

    for one in found:
        file.write(to_json(one.source) + "\n")
