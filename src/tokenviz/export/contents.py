"""A page of several figures that begins with what is on it: first words, a few numbers, a link.

Plain HTML, which is read without scripts, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from tokenviz.data.replacing import replacing
from tokenviz.data.visible import printable
from tokenviz.export.html import fragment, page
from tokenviz.export.state import FigureState
from tokenviz.widget.figure import Figure

__all__ = ["Entry", "contents_page", "save_contents"]

_LONGEST = 90  # characters of first words

_STYLE = (
    "<style>"
    ".tokenviz-contents{font:14px/1.4 system-ui,sans-serif;margin-bottom:32px}"
    ".tokenviz-contents h1{font-size:20px;margin:0 0 4px}"
    ".tokenviz-contents p{margin:0 0 12px}"
    ".tokenviz-listing{overflow-x:auto}"
    ".tokenviz-contents table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    ".tokenviz-contents :is(th,td){padding:4px 12px 4px 0;text-align:left;vertical-align:baseline;"
    "border-bottom:1px solid color-mix(in srgb,CanvasText 18%,Canvas)}"
    ".tokenviz-contents .tokenviz-n{text-align:right;white-space:nowrap}"
    ".tokenviz-contents td:first-child{min-width:14em;overflow-wrap:anywhere}"
    "section.tokenviz-one{margin:0 0 40px}"
    "section.tokenviz-one h2{font:600 16px/1.4 system-ui,sans-serif;margin:0 0 8px;"
    "overflow-wrap:anywhere}"
    "section.tokenviz-one>p{font:14px/1.4 system-ui,sans-serif;margin:8px 0 0}"
    ".tokenviz-contents a,section.tokenviz-one>p a{color:LinkText}"
    "@media print{section.tokenviz-one>p{display:none}}"
    "</style>"
)


@dataclass(frozen=True)
class Entry:
    """One figure of a page, and what is said of it where the page begins.

    Parameters
    ----------
    figure
        The figure.
    words
        Its first words; longer ones are cut.
    name
        Where it is from.
    facts
        What else is said, by the heading of its column: text, or a number (NaN where unknown).
    """

    figure: Figure
    words: str
    name: str
    facts: Mapping[str, str | float] = field(default_factory=dict)


def contents_page(entries: Sequence[Entry], title: str, remark: str = "") -> str:
    """Write the page.

    Parameters
    ----------
    entries
        What is on it, in the order of the page.
    title
        Its heading.
    remark
        A sentence below it: how many there are, in which order.
    """
    figures = [_section(entry, i) for i, entry in enumerate(entries, 1)]
    kinds = {FigureState.from_widget(entry.figure, ["_kind"]).kind for entry in entries}
    body = [f"{_STYLE}<main>{_contents(entries, title, remark)}", *figures, "</main>"]
    return page(body, title, kinds=kinds)


def save_contents(entries: Sequence[Entry], path: str | Path, title: str, remark: str = "") -> Path:
    """Write the page to a file, whole or not at all."""
    path = Path(path)
    html = contents_page(entries, title, remark)
    with replacing(path) as place:
        place.write_text(html, encoding="utf-8", errors="backslashreplace", newline="")
    return path


def _contents(entries: Sequence[Entry], title: str, remark: str) -> str:
    columns = [*dict.fromkeys(name for entry in entries for name in entry.facts)]
    numbers = {
        name
        for name in columns
        if all(not isinstance(entry.facts.get(name, 0.0), str) for entry in entries)
    }

    def cell(name: str, tag: str, text: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        kind = ' class="tokenviz-n"' if name in numbers else ""
        return f"<{tag}{scope}{kind}>{escape(printable(text))}</{tag}>"

    head = "".join(cell(name, "th", name) for name in columns)
    rows = "".join(
        f'<tr><td><a href="#tokenviz-{i}">{_words(entry)}</a></td>'
        f"<td>{escape(printable(entry.name))}</td>"
        + "".join(cell(name, "td", _written(entry.facts.get(name, math.nan))) for name in columns)
        + "</tr>"
        for i, entry in enumerate(entries, 1)
    )
    said = f"<p>{escape(printable(remark))}</p>" if remark else ""
    return (
        '<nav class="tokenviz-contents" id="tokenviz-contents" aria-label="Contents">'
        f"<h1>{escape(printable(title))}</h1>{said}"
        '<div class="tokenviz-listing" tabindex="0" role="region" aria-label="All figures">'
        f'<table><thead><tr><th scope="col">Begins</th><th scope="col">From</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></nav>"
    )


def _section(entry: Entry, number: int) -> str:
    return (
        f'<section class="tokenviz-one" id="tokenviz-{number}" '
        f'aria-labelledby="tokenviz-{number}-name"><h2 id="tokenviz-{number}-name">'
        f"{number} · {_words(entry)}</h2>{fragment(entry.figure, with_script=False)}"
        '<p><a href="#tokenviz-contents">Contents</a></p></section>'
    )


def _words(entry: Entry) -> str:
    words = printable(" ".join(entry.words.split()))
    cut = words if len(words) <= _LONGEST else f"{words[:_LONGEST].rstrip()}…"
    return escape(cut or "(nothing)")


def _written(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return "–"
    text = f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:,.4g}"
    return text.replace("-", "−")
