"""The static table is what is read where no script runs: numbers, colours, and marks in text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import cmap
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tokenviz as tv
from tokenviz.color.colormaps import colormap_table
from tokenviz.color.range import resolve_range
from tokenviz.color.scale import ColorScale
from tokenviz.export.table import MAX_CELLS, TableOptions, static_table


class Parsed(HTMLParser):
    """Rows of a table as (tag, attributes, text), read as a browser would read them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[tuple[str, dict[str, str | None], str]]] = []
        self.tags: set[str] = set()
        self.caption = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "br":
            return self.handle_data("\n")
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append((tag, dict(attrs), ""))
        return None

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "caption" in self._open:
            self.caption += data
        elif "td" in self._open or "th" in self._open:
            tag, attributes, text = self.rows[-1][-1]
            self.rows[-1][-1] = tag, attributes, text + data


def diverging() -> ColorScale:
    return ColorScale(colormap_table("RdYlGn")[1], resolve_range(-1, 1, 0))


def sequential() -> ColorScale:
    return ColorScale(colormap_table("Greens")[1], resolve_range(0, 1))


def style(attributes: dict[str, Any], name: str) -> str:
    found = re.search(rf"(?:^|;){name}:([^;]+)", attributes["style"])
    assert found is not None
    return found[1]


def test_attribution_table_has_every_value_of_the_reference() -> None:
    attribution = tv.examples.attribution()
    parsed = Parsed(static_table(attribution, diverging()))

    header, *rows = parsed.rows
    assert [text for _, _, text in header[1:]] == list(attribution.target_labels)
    assert {attributes["scope"] for _, attributes, _ in header} == {"col"}
    assert len(rows) == 13
    for row, values in zip(rows, attribution.values, strict=True):
        assert row[0][1]["scope"] == "row"
        for (_, _, text), value in zip(row[1:], values, strict=True):
            assert text.removesuffix("\u00a0▲") == f"{value:.4f}"
    assert rows[5][3][2] == "-0.0000"


def test_attribution_table_marks_the_value_outside_the_range() -> None:
    html = static_table(tv.examples.attribution(), diverging())
    marked = [cell for row in Parsed(html).rows for cell in row if "▲" in cell[2]]
    assert [(text, attributes["title"]) for _, attributes, text in marked] == [
        ("1.3714\u00a0▲", "above the colour range, which ends at 1")
    ]
    assert "▲ above the colour range" in Parsed(html).caption


def test_bold_begins_at_the_emphasis() -> None:
    attribution = tv.examples.attribution()
    bold = re.findall(r"<strong>(-?[\d.]+)</strong>", static_table(attribution, diverging()))
    assert bold == [f"{v:.4f}" for v in attribution.values.ravel() if abs(v) >= 0.35]
    plain = static_table(attribution, diverging(), TableOptions(emphasis=None))
    assert "<strong>" not in plain


def test_cell_colours_are_those_of_the_colormap() -> None:
    """Colours computed here from cmap alone."""
    table = np.round(np.asarray(cmap.Colormap("RdYlGn").lut(256))[:, :3] * 255).astype(int)
    attribution = tv.examples.attribution()
    rows = Parsed(static_table(attribution, diverging())).rows[1:]
    for row, values in zip(rows, attribution.values, strict=True):
        for (_, attributes, _), value in zip(row[1:], values.astype(float), strict=True):
            t = 0.5 + 0.5 * min(1, max(-1, value))
            expected = table[min(255, int(t * 256))]
            assert style(attributes, "background-color") == f"#{bytes(expected.tolist()).hex()}"


def test_trace_table_has_the_path_and_its_alternatives() -> None:
    trace = tv.examples.trace()
    rows = Parsed(static_table(trace, sequential())).rows
    headers = [row[0][2] for row in rows]
    assert headers.count("position") == headers.count("chosen") == 5
    numbers = [t for row in rows if row[0][2] == "position" for _, _, t in row[1:]]
    assert numbers == [str(i + 1) for i in range(97)]
    chosen = [t for row in rows if row[0][2] == "chosen" for _, _, t in row[1:]]
    assert chosen[0] == "To\n0.39"
    assert chosen[-1] == "</think>\n1.00"
    assert chosen[24] == "\\n\\n\n0.60"
    alternatives = [t for row in rows if "alternative" in row[0][2] for _, _, t in row[1:] if t]
    assert len(alternatives) == 32
    assert alternatives[:3] == ["First\n0.39", "calculate\n0.07", "the\n0.09"]


def test_trace_table_follows_the_options() -> None:
    trace = tv.examples.trace()
    options = TableOptions(row_length=50, top_k=1, min_probability=0.3, decimals=3, border=False)
    html = static_table(trace, sequential(), options)
    rows = Parsed(html).rows
    assert [row[0][2] for row in rows] == ["position", "chosen", "alternative 1"] * 2
    shown = [t for row in rows if "alternative" in row[0][2] for _, _, t in row[1:] if t]
    assert "First\n0.390" in shown
    assert all(float(text.split("\n")[1]) >= 0.3 for text in shown)
    assert "d62728" not in html


def test_what_is_left_out_is_said() -> None:
    attribution = tv.Attribution(np.zeros((400, 300)), ["t"] * 400, ["u"] * 300)
    parsed = Parsed(static_table(attribution, diverging()))
    assert "first 50 of 400 rows and 100 of 300 columns" in parsed.caption
    assert sum(tag == "td" for row in parsed.rows for tag, _, _ in row) == MAX_CELLS

    trace = tv.Trace(["t"] * 9_000, np.zeros(9_000))
    parsed = Parsed(static_table(trace, sequential()))
    assert "first 5,000 of 9,000 positions" in parsed.caption


def test_columns_without_room_go_on_below() -> None:
    values = np.arange(60, dtype=np.float32).reshape(2, 30) / 100
    source = tv.Attribution(values, ["a", "b"], [f"target {j}" for j in range(30)])
    rows = Parsed(static_table(source, diverging(), TableOptions(decimals=2))).rows
    assert [len(row) for row in rows] == [11] * 9
    assert [row[0][2] for row in rows] == ["token", "a", "b"] * 3
    assert [t for row in rows[::3] for _, _, t in row[1:]] == list(source.target_labels)
    assert [float(t) for row in rows[1::3] for _, _, t in row[1:]] == [j / 100 for j in range(30)]


def test_values_that_are_no_numbers_are_written_as_such() -> None:
    attribution = tv.Attribution([[np.nan, np.inf, -np.inf]], ["t"], ["a", "b", "c"])
    _, (_, *cells) = Parsed(static_table(attribution, diverging())).rows
    assert [text for _, _, text in cells] == ["NaN", "∞\u00a0▲", "-∞\u00a0▼"]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (1, 1000)])
def test_odd_shapes(shape: tuple[int, int]) -> None:
    attribution = tv.Attribution(np.zeros(shape), ["t"] * shape[0], ["u"] * shape[1])
    rows = Parsed(static_table(attribution, diverging())).rows
    assert len(rows) == (1 + shape[0]) * (10 if shape[1] == 1000 else 1)


def test_the_caption_stands_below_the_table_in_facts_that_stay_whole() -> None:
    options = TableOptions(caption="method: occlusion · model: m & n")
    html = static_table(tv.Attribution([[0.5]], ["a"], ["x"]), diverging(), options)
    below = html[html.index("</table>") :]
    assert re.findall(r"<span [^>]*inline-block[^>]*>([^<]*)</span>", below) == [
        "method: occlusion ·",
        "model: m &amp; n",
    ]
    assert re.sub("<[^>]*>", "", below) == "method: occlusion · model: m &amp; n"


def test_empty_trace() -> None:
    assert Parsed(static_table(tv.Trace([], []), sequential())).rows == []


@given(st.text(max_size=8), st.text(max_size=8))
def test_no_text_can_become_markup(token: str, target: str) -> None:
    hostile = f"</td><script>{token}</script>&<b>"
    attribution = tv.Attribution([[0.5]], [hostile], [f'"><img src=x onerror=y>{target}'])
    options = TableOptions(title=hostile, caption=hostile, label=hostile)
    parsed = Parsed(static_table(attribution, diverging(), options))
    allowed = {"div", "table", "caption", "tbody", "tr", "th", "td", "br", "strong", "small"}
    assert parsed.tags <= allowed | {"span"}
    assert parsed.rows[1][0][2] == tv.Token(hostile).label
