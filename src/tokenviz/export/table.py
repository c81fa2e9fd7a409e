"""A figure as a plain HTML table: what is read where no script runs.

A preview on a code host, an untrusted notebook, a page with scripts turned off: each shows this
table, so it carries the numbers, the colours (inline, because style sheets are stripped there) and
marks in text for what colour alone would say. Labels come from token text, which is untrusted:
everything passes :func:`html.escape`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import east_asian_width

import numpy as np
import numpy.typing as npt

from tokenviz.color.numbers import Notation, notation, significant
from tokenviz.data.arrange import Order, arrange
from tokenviz.data.attribution import Attribution
from tokenviz.data.channels import CHANNELS, channel_bounds, channel_look, channel_values
from tokenviz.data.marks import marked_by, percent
from tokenviz.data.tokens import LONGEST_CHARACTER, Kind, Token, displayed, labels
from tokenviz.data.trace import Trace
from tokenviz.export.legends import FLAG_SIGNS, legend
from tokenviz.export.pairs import pair_writer
from tokenviz.tiles.large import LargeAttribution

if TYPE_CHECKING:
    from tokenviz.color.scale import ColorScale

__all__ = ["DEFAULT_ROW_LENGTH", "MAX_CELLS", "STYLE", "TableOptions", "static_table"]

MAX_CELLS = 5_000
"""Cells written at most: a browser lays out a table of this size without a noticeable wait."""

DEFAULT_ROW_LENGTH = 20
"""Positions in a row of a trace where there is no width that they should fit."""

_MAX_COLUMNS = 100

_COLUMNS_ABREAST = 10
"""Columns of a heatmap beside each other; more go on below, as positions of a trace do."""

_SHEET = 600
"""Pixels across that a sheet of paper leaves for a cell's output."""

_LEAST_PRINTED = 0.4
"""Smaller print nobody can read: what is wider yet is cut."""

STYLE = (
    "<style>"
    "[data-tokenviz-table] table{max-width:none!important;box-shadow:none!important;"
    "overflow:visible!important;color:inherit!important;border:0!important}"
    "[data-tokenviz-table] :is(caption,tr,th,td,small,strong){line-height:inherit!important;"
    "letter-spacing:inherit!important;word-spacing:inherit!important;font-style:normal!important;"
    "font-feature-settings:normal!important;box-shadow:none!important;max-width:none!important}"
    "[data-tokenviz-table] :is(caption,th,small,strong){color:inherit!important}"
    "[data-tokenviz-table] caption{margin:0!important}"
    "[data-tokenviz-table] :is(caption,td){font-size:1em!important;font-weight:400!important;"
    "vertical-align:middle!important}"
    "[data-tokenviz-table] th{font-size:1em!important;background:none!important}"
    "[data-tokenviz-table] small{font-size:.83em!important}"
    "[data-tokenviz-table] strong{font-weight:700!important}"
    "@media print{[data-tokenviz-table]{overflow:visible!important;zoom:var(--tokenviz-print)}"
    "[data-tokenviz-table] th{padding:2px!important}"
    "[data-tokenviz-table] td{padding:var(--tokenviz-padding)!important}}</style>"
)
"""Stands beside tables: for paper, where nothing scrolls, and against style sheets of hosts.

Some put shades over the colours of cells, which a style of the cell cannot undo in all of them.
"""

# What a host says of its text must not change tokens or spread them.
_TEXT = (
    "direction:ltr;text-transform:none;letter-spacing:normal;word-spacing:normal;text-indent:0;"
    "text-shadow:none"
)
_TABLE = (
    "border-collapse:separate;border-spacing:1px;font:13px/1.35 system-ui,sans-serif;"
    f"font-variant-numeric:tabular-nums;margin:0;width:auto;table-layout:auto;"
    f"print-color-adjust:exact;-webkit-print-color-adjust:exact;{_TEXT}"
)
# Hosts stripe rows, and mark the one under the pointer.
_TR = '<tr style="background:none">'
_CELL = "padding:3px 8px;text-align:center;white-space:nowrap;border:0"
# Digits stand below each other, and the minus before them; a mark after them takes no room.
_NUMBER = "padding:3px 20px 3px 12px;text-align:right;white-space:nowrap;border:0"
# A target or a group of tokens may be a sentence, with marks for its blanks.
_SENTENCE = ";white-space:normal;vertical-align:bottom"
_UNBROKEN_WIDTH = 160
_UNBROKEN = f";overflow-wrap:anywhere;min-width:{_UNBROKEN_WIDTH}px"
_PADDING, _NUMBER_PADDING = "2px", "2px 14px 2px 4px"
"""Of cells with words and with numbers on paper."""
_SIDES, _NUMBER_SIDES = 5, 19
"""Pixels of both sides of it, with the spacing."""
_PLAIN = 0.85
"""How much narrower than bold the words of a trace are."""
_MARK = '<span style="position:absolute">&nbsp;{}</span>'
_HEADING = "caption-side:top;text-align:left;padding:0 0 6px"
_CAPTION = "font:12px/1.35 system-ui,sans-serif;opacity:.75;padding:8px 0 0"
_PATH = "2px solid #d62728"
_BAND = (
    "padding:2px 4px;text-align:left;border:0;border-bottom:2px solid;background:none;opacity:.7"
)
_NO_BAND = "border:0;background:none"
_STRIPES = ";background-image:repeating-linear-gradient(45deg,transparent 0 4px,#8888 4px 5px)"


@dataclass(frozen=True)
class TableOptions:
    """The display options that a table can follow; the defaults are those of the widgets.

    ``None`` for ``decimals`` means the widget's own default: 4 for an attribution, what fits the
    channel for a trace.
    """

    title: str = ""
    caption: str = ""
    label: str | None = None
    decimals: int | None = None
    emphasis: float | None = 0.35
    row_length: int | None = None
    top_k: int = 5
    min_probability: float = 0.05
    border: bool = True
    channel: str = "probability"
    written: str | None = None
    show_rest: bool = False
    flag: str | None = None
    category: str | None = None
    pair: str | None = None
    paired: Sequence[str | None] = ()
    joined: npt.NDArray[np.bool_] | None = None
    threshold: float | None = None
    beyond: str | None = None
    span: tuple[int, int] | None = None
    row_order: Order = "original"
    column_order: Order = "original"
    top_rows: int | None = None
    hidden_columns: Sequence[int] = ()
    cells: int = MAX_CELLS
    """Values that are written at most."""


def static_table(
    source: Attribution | LargeAttribution | Trace,
    scale: ColorScale,
    options: TableOptions | None = None,
) -> str:
    """Write a figure's data as one ``<table>`` with values, colours and marks in the text.

    Parameters
    ----------
    source
        The data of the figure.
    scale
        Colours of the values (attributions, or the channel of a trace).
    options
        How to write it; by default as the widgets draw it by default.

    Returns
    -------
    str
        HTML without scripts, style sheets or ids. At most ``options.cells`` values are written;
        the caption says what was left out.
    """
    options = options or TableOptions()
    if isinstance(source, LargeAttribution):
        columns = min(source.shape[1], _MAX_COLUMNS)
        corner = source.corner(max(1, options.cells // max(1, columns)), columns)
        plain = replace(options, row_order="original", column_order="original", top_rows=None)
        values = source.pyramid.overview().values
        plain = replace(plain, hidden_columns=())
        return _attribution_table(corner, source.shape, values, scale, plain)
    if isinstance(source, Attribution):
        return _attribution_table(source, source.values.shape, source.values, scale, options)
    return _trace_table(source, scale, options)


def _attribution_table(
    source: Attribution,
    shape: tuple[int, ...],
    values: npt.NDArray[np.float32],
    scale: ColorScale,
    options: TableOptions,
) -> str:
    """The table of a source, which may be the beginning of one of that shape with those values."""
    down, across, arranged = arranged_places(source, options)
    n, m = (len(down), len(across)) if arranged else shape
    columns = min(m, _MAX_COLUMNS)
    rows = min(n, max(1, options.cells // max(1, columns)))
    cells = _Cells(scale, notation(values, 4 if options.decimals is None else options.decimals))
    if arranged:
        every = labels(source.tokens)
        tokens = [every[i] for i in down[:rows]]
    else:
        tokens = _first_labels(source.tokens, rows)
    targets = [source.target_labels[j] for j in across[:columns]]
    shown = source.values[np.ix_(down[:rows], across[:columns])]

    cells.prepare(shown)
    lines: list[str] = []
    for start in range(0, max(1, columns), _COLUMNS_ABREAST):
        part = slice(start, start + _COLUMNS_ABREAST)
        gap = ";padding-top:14px" * (start > 0)
        lines += [_TR, _header("token", "col", style=gap)]
        lines += [_header(label, "col", style=gap + _wrapping(label)) for label in targets[part]]
        lines.append("</tr>")
        for token, row in zip(tokens, shown[:, part], strict=True):
            head = _header(token, "row", style=_wrapping(token))
            lines += [_TR, head, *cells.row(row, options.emphasis), "</tr>"]

    left_out = " ".join(
        filter(
            None,
            (
                _hidden((shape[0], n, "rows"), (shape[1], m, "columns")),
                _left_out((n, rows, "rows"), (m, columns, "columns")),
            ),
        )
    )
    label = source.label if options.label is None else options.label
    heading = _heading(label, scale, options, cells.marks, left_out)
    numbers = [cells.width(value) for value in np.unique(shown).tolist()]
    number = max(numbers, default=0) + _NUMBER_SIDES
    abreast = min(columns, _COLUMNS_ABREAST) * max([number, *map(_narrowest, targets)])
    first = max(map(_narrowest, ["token", *tokens]))
    return _table(heading, lines, options.caption, first + abreast, _NUMBER_PADDING)


def arranged_places(
    source: Attribution, options: Any
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], bool]:
    """Rows and columns in the order in which the options show them, and whether that is another."""
    down, across = arrange(
        source.values,
        options.row_order,
        options.column_order,
        options.top_rows,
        options.hidden_columns,
    )
    n, m = source.values.shape
    as_they_are = np.array_equal(down, np.arange(n)) and np.array_equal(across, np.arange(m))
    return down, across, not as_they_are


def _trace_table(source: Trace, scale: ColorScale, options: TableOptions) -> str:
    look = channel_look(source, options.channel)
    decimals = look.decimals if options.decimals is None else options.decimals
    chosen, others = channel_values(source, options.channel)
    values = chosen if others is None else np.concatenate([chosen, others])
    cells = _Cells(scale, notation(values, decimals))
    columns = trace_columns(source, replace(options, decimals=decimals), at_most=options.cells)
    shown = list(_while_affordable(columns, options.cells))
    colored = [cell.value for column in shown for cell in column if not cell.plain]
    cells.prepare(np.array(colored, dtype=np.float32))
    words = trace_words(source, options.category)
    lines: list[str] = []
    length = options.row_length or DEFAULT_ROW_LENGTH
    for start in range(0, len(shown), length):
        lines += _trace_rows(shown[start : start + length], start, cells, options, words)

    left_out = _left_out((len(source), len(shown), "positions"))
    label = look.label if options.label is None else options.label
    explained = legend(source, options, signs=True)
    heading = _heading(label, scale, options, cells.marks, left_out, explained)
    widths = [0.0] * min(length, len(shown))
    for i, column in enumerate(shown):
        widest = max(max(map(_width, (cell.label, *cell.text.split("\n")))) for cell in column)
        widths[i % length] = max(widths[i % length], _SIDES + _PLAIN * widest)
    first = _SIDES + _PLAIN * _width("alternative 9")
    return _table(heading, lines, options.caption, first + sum(widths), _PADDING)


def _first_labels(tokens: Sequence[Token], count: int) -> list[str]:
    """Labels of the first tokens; the last of them may share a character with those after it."""
    return labels(tokens[: count + LONGEST_CHARACTER])[:count]


class TraceCell(NamedTuple):
    """A candidate of a trace as a picture or a table shows it."""

    label: str
    value: float
    """In the channel that colours; NaN of a plain cell."""
    text: str
    """The number that is written, or two in lines of their own."""
    kind: Kind = "text"
    plain: bool = False
    """Whether the channel says nothing of it, so that it has no colour."""
    dims: bool | None = None
    """Whether a flag dims or, if False, stripes it."""
    quiet: bool = False
    """Whether it stands for all that is not shown."""


_Column = list[TraceCell]
"""One position of a trace: the chosen token, then its alternatives."""


def trace_columns(source: Trace, options: Any, at_most: int | None = None) -> Iterator[_Column]:
    """The cells of each position that the display options show, of the first ``at_most``."""
    least = options.min_probability - 1e-6  # the tolerance that the renderer has too
    chosen, others = channel_values(source, options.channel)
    write = _writer(source, options)
    pair = pair_writer(source, options)
    marked = marked_by(source.flags, options.flag)
    probabilities = source.alternative_probabilities
    # What is not known of a chosen token is part of the rest.
    own = np.nan_to_num(source.probabilities)
    n = len(source) if at_most is None else min(at_most, len(source))
    tokens = [source.vocabulary[i] for i in source.index[: n + LONGEST_CHARACTER]]
    names: dict[int, tuple[str, Kind]] = {}
    others_index = source.alternative_index.tolist()
    ends = source.offsets.tolist()
    for i, (label, kind) in enumerate(displayed(tokens)[:n]):
        first, end = ends[i : i + 2]
        dims = None if marked is None or not marked.tokens[i] else marked.dims
        own_text = write(i, 0) if pair is None else pair(i)
        column = [TraceCell(label, float(chosen[i]), own_text, kind, dims=dims)]
        for j in range(first, min(end, first + options.top_k)):
            if probabilities[j] < least:
                break
            index = others_index[j]
            if index not in names:
                token = source.vocabulary[index]
                names[index] = token.label, token.kind
            name, sort = names[index]
            value = math.nan if others is None else float(others[j])
            text = write(i, j - first + 1)
            column.append(TraceCell(name, value, text, sort, plain=others is None))
        if options.show_rest and end > first:
            rest = max(0, 1 - own[i] - probabilities[first : first + len(column) - 1].sum())
            column.append(TraceCell("other", math.nan, percent(rest), plain=True, quiet=True))
        yield column


def _writer(source: Trace, options: Any) -> Callable[[int, int], str]:
    """What is written at a position and slot: another channel than the one that colours, if any."""
    written, decimals = options.written or options.channel, options.decimals
    if written != options.channel:
        decimals = channel_look(source, written).decimals
    chosen, others = channel_values(source, written)
    how = notation(chosen if others is None else np.concatenate([chosen, others]), decimals)
    plain = Notation(CHANNELS["probability"].look.decimals)
    bounds = channel_bounds(source, written)
    numbers = source.alternative_probabilities if others is None else others

    def write(position: int, slot: int) -> str:
        if slot == 0:
            bound = "≥ " if bounds is not None and bounds[position] else ""
            return bound + how.write(float(chosen[position]))
        value = float(numbers[source.offsets[position] + slot - 1])
        return (plain if others is None else how).write(value)

    return write


def trace_words(source: Trace, category: str | None) -> Sequence[str | None]:
    """The word over each position; () where no category is shown."""
    return () if category is None else source.categories.get(category, ())


def stretches(words: Sequence[str | None], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where equal words stand side by side, from ``start`` to ``end``."""
    while start < end:
        stop = start + 1
        while stop < end and words[stop] == words[start]:
            stop += 1
        yield start, stop
        start = stop


def _while_affordable(columns: Iterable[_Column], cells: int) -> Iterator[_Column]:
    for column in columns:
        cells -= len(column)
        if cells < 0:
            return
        yield column


def _trace_rows(
    columns: list[_Column],
    start: int,
    cells: _Cells,
    options: TableOptions,
    words: Sequence[str | None],
) -> Iterator[str]:
    """One row of positions: whose they are, their numbers, the path, then a row per rank."""
    if words:
        yield _TR + _header(options.category or "", "row", muted=True)
        for first, stop in stretches(words, start, start + len(columns)):
            style = _NO_BAND if words[first] is None else _BAND
            yield f'<td colspan="{stop - first}" style="{style}">{escape(words[first] or "")}</td>'
        yield "</tr>"
    yield _TR
    gap = ";padding-top:10px" * (start > 0)
    yield _header("position", "row", muted=True, style=gap)
    for i in range(len(columns)):
        yield _header(str(start + i + 1), "col", muted=True, style=gap)
    yield "</tr>"
    for slot in range(max(len(column) for column in columns)):
        yield _TR
        yield _header("chosen" if slot == 0 else f"alternative {slot}", "row", muted=True)
        for i, column in enumerate(columns):
            if slot >= len(column):
                yield f'<td style="{_NO_BAND}"></td>'
                continue
            path = ""
            if slot == 0 and options.border:
                sides = ["top", "bottom", *["left"][i:], *["right"][len(columns) - 1 - i :]]
                path = "".join(f";border-{side}:{_PATH}" for side in sides)
            cell = column[slot]
            yield cells.write_plain(cell) if cell.plain else cells.write_cell(cell, path)
        yield "</tr>"


class _Cells:
    """Writes data cells, and remembers which marks it used so that the caption explains them."""

    def __init__(self, scale: ColorScale, how: Notation) -> None:
        self._scale = scale
        self._how = how
        self.marks: set[str] = set()
        self._colors: dict[float | None, tuple[str, str]] = {}

    def prepare(self, values: npt.NDArray[np.float32]) -> None:
        """Find the colours of all values at once: one by one would take a hundred times as long."""
        values = np.unique(values)
        painted = zip(values.tolist(), self._scale.rgb(values), self._scale.text_rgb(values),
                      strict=True)  # fmt: skip
        self._colors = {
            (value if value == value else None): (_hex(back), _hex(front))
            for value, back, front in painted
        }

    def width(self, value: float) -> float:
        """About how many pixels a value takes."""
        return _width(self._how.write(value))

    def row(self, values: npt.NDArray[np.float32], emphasis: float | None) -> Iterator[str]:
        for value in values.tolist():
            bold = emphasis is not None and abs(value) >= emphasis
            yield self.write(value, bold=bold)

    def write(self, value: float, *, bold: bool = False) -> str:
        # An ASCII minus, so that a copied cell pastes as a number.
        text = self._how.write(value).replace("−", "-")
        if bold:
            text = f"<strong>{text}</strong>"
        mark, title = self._saturation(value)
        if mark:
            text += _MARK.format(mark)
        background, foreground = self._colors[value if value == value else None]
        return (
            f'<td{title} style="{_NUMBER};background-color:{background};color:{foreground}">'
            f"{text}</td>"
        )

    def write_cell(self, cell: TraceCell, style: str) -> str:
        """A token over its number, in its colour; dimmed or striped where a flag says so."""
        mark, title = self._saturation(cell.value)
        background, foreground = self._colors[cell.value if cell.value == cell.value else None]
        color = f"background-color:{background};color:{foreground}"
        if cell.dims is not None:
            mark += FLAG_SIGNS[cell.dims]
            color = f"background-color:{background}4d" if cell.dims else color + _STRIPES
        text = cell.text.replace("−", "-").replace("\n", "<br>") + "&nbsp;" * bool(mark) + mark
        return (
            f'<td{title} style="{_CELL};{color}{style}">'
            f"{_token(cell)}<br><small>{text}</small></td>"
        )

    def write_plain(self, cell: TraceCell) -> str:
        """A cell that the channel says nothing of."""
        style = f"{_CELL};background:none{';opacity:.7' * cell.quiet}"
        return f'<td style="{style}">{_token(cell)}<br><small>{cell.text}</small></td>'

    def _saturation(self, value: float) -> tuple[str, str]:
        """The mark and the title of a value that lies outside the colour range."""
        if value > self._scale.range.high:
            mark, where = (
                "▲",
                f"above the colour range, which ends at {significant(self._scale.range.high, 6)}",
            )
        elif value < self._scale.range.low:
            mark, where = (
                "▼",
                f"below the colour range, which begins at {significant(self._scale.range.low, 6)}",
            )
        else:
            return "", ""
        self.marks.add(mark)
        return mark, f' title="{where}"'


def _token(cell: TraceCell) -> str:
    """The label of a token; one whose bytes are not known is underlined with dots."""
    if cell.kind != "unknown":
        return escape(cell.label)
    style = "text-decoration:underline dotted"
    return f'<span title="bytes unknown" style="{style}">{escape(cell.label)}</span>'


def _heading(
    label: str,
    scale: ColorScale,
    options: TableOptions,
    marks: set[str],
    left_out: str,
    more: Sequence[str] = (),
) -> str:
    """Title, the colour range as a strip of swatches with their values, and notes."""
    ends = np.linspace(scale.range.low, scale.range.high, 5)
    # With blanks between, for where styles are stripped.
    swatches = " ".join(
        f'<span style="padding:1px 8px;background-color:{_hex(back)};color:{_hex(front)}">'
        f"{significant(value, 4)}</span>"
        for value, back, front in zip(ends, scale.rgb(ends), scale.text_rgb(ends), strict=True)
    )
    explained = {"▲": "▲ above the colour range", "▼": "▼ below the colour range"}
    notes = [explained[mark] for mark in sorted(marks)] + [*map(escape, more)]
    notes += [left_out] * bool(left_out)
    parts = [f"<strong>{escape(options.title)}</strong><br>"] if options.title else []
    parts.append(f"{escape(label)} {swatches}")
    parts += [f" &nbsp;{note}" for note in notes]
    return "".join(parts)


def _table(heading: str, lines: Iterable[str], caption: str, width: float, padding: str) -> str:
    """The table, at least about so many pixels wide: :data:`STYLE` makes it fit on paper."""
    printed = max(_LEAST_PRINTED, min(1, _SHEET / max(1, width)))
    return (
        # The classes keep MathJax from reading "$35 ($85 - $50)" as formulas. What scrolls can be
        # focused, so that the keys scroll it.
        '<div class="tex2jax_ignore mathjax_ignore" role="group" aria-label="The figure as a table"'
        ' tabindex="0" data-tokenviz-table'
        f' style="overflow-x:auto;--tokenviz-print:{printed:.2f};--tokenviz-padding:{padding}">'
        # Quarto makes tables of its own of others.
        f'<table data-quarto-disable-processing="true" style="{_TABLE}">'
        f'<caption style="{_HEADING}">{heading}</caption><tbody>{"".join(lines)}</tbody>'
        f"</table>{_caption(caption)}</div>"
    )


def _caption(text: str) -> str:
    """How the figure came about, below it: a ``<caption>`` would be as narrow as the table."""
    if not text:
        return ""
    facts = escape(text).replace(" · ", ' ·</span> <span style="display:inline-block">')
    return f'<div style="{_CAPTION}"><span style="display:inline-block">{facts}</span></div>'


def _header(label: str, scope: str, *, muted: bool = False, style: str = "") -> str:
    align = "right" if scope == "row" else "center"
    weight = "font-weight:400;opacity:.7" if muted else "font-weight:500"
    style = f"padding:3px 8px;text-align:{align};white-space:nowrap;border:0;{weight}{style}"
    return f'<th scope="{scope}" style="{style}">{escape(label)}</th>'


def _hidden(*parts: tuple[int, int, str]) -> str:
    """Say what of the data the figure does not show, "" if all is there."""
    cut = [f"{shown:,} of {total:,} {name}" for total, shown, name in parts if shown < total]
    return f"The figure shows {' and '.join(cut)}." if cut else ""


def _left_out(*parts: tuple[int, int, str]) -> str:
    """Say which part of the data the table leaves out, "" if none."""
    cut = [f"{shown:,} of {total:,} {name}" for total, shown, name in parts if shown < total]
    return f"The table shows the first {' and '.join(cut)}." if cut else ""


def _width(text: str) -> float:
    """About how many pixels a text takes in the widest of the usual types, bold.

    No sheet holds a long one anyway.
    """
    text = text[:1000]
    wide = sum(east_asian_width(character) in "WF" for character in text)
    return 9 * len(text) + 5 * wide


def _narrowest(label: str) -> float:
    """About how many pixels a header with this label takes at least."""
    return min(_SIDES + max(map(_width, label.split(" "))), _UNBROKEN_WIDTH)


def _wrapping(label: str) -> str:
    """How a header with this label goes on in another line."""
    return _SENTENCE + _UNBROKEN * (_narrowest(label) >= _UNBROKEN_WIDTH)


def _hex(rgb: npt.NDArray[np.uint8]) -> str:
    return "#" + bytes(rgb).hex()
