"""Pictures of traces and comparisons say and draw what their pages do."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv

pytest.importorskip("matplotlib")
from PIL import Image

from tests.widget.test_pictures_as_seen import texts, written
from tokenviz.export.html import figure_html
from tokenviz.export.legends import legend
from tokenviz.export.picture import picture
from tokenviz.export.state import FigureState

NAN = float("nan")
ACCENT, MARK, MUTED = "#1769c4", "#d9480f", "#63666b"

Ring = tuple[float, float, float, float]


def cut(**told: Any) -> tv.Comparison:
    """A text in two tokenizations, the first of which has spans of one, two and three tokens."""
    a = tv.Trace(
        ["The", " cat", " sat", " on", " a", " mat", "."],
        [-1.0, -2.0, -3.0, -0.5, -0.25, -0.75, -4.0],
        model="one",
        **told,
    )
    b = tv.Trace(["The c", "at", " sat", " on a", " m", "at."], [-2.5, -1.5, -1, -1.5, -2, -0.1])
    return tv.compare(a, b)


def rollout() -> tv.Trace:
    roles = ["user"] * 3 + ["assistant"] * 5 + ["tool"] * 4 + [None] * 2 + ["assistant"] * 2
    return tv.Trace(
        [f" t{i}" for i in range(16)],
        [-0.1 * i for i in range(16)],
        channels={"advantage": np.linspace(-1, 1, 16)},
        flags={"loss_mask": [0] * 3 + [1] * 13, "clipped": [0, 1] * 8},
        categories={"role": roles},
    )


def shapes(path: Path, stroke: str) -> list[tuple[Ring, dict[str, str]]]:
    """Left, top, right and bottom of what is drawn in a colour, and how."""
    found = []
    for shape in ET.parse(path).getroot().iter("{http://www.w3.org/2000/svg}path"):
        style = dict(re.findall(r"([\w-]+): ?([^;]+)", shape.get("style") or ""))
        if style.get("stroke") == stroke:
            ends = re.findall(r"[ML] ([-\d.]+) ([-\d.]+)", shape.get("d") or "")
            across, down = zip(*((float(x), float(y)) for x, y in ends), strict=True)
            found.append(((min(across), min(down), max(across), max(down)), style))
    return found


def inside(path: Path, ring: Ring, *, numbers: bool = False) -> list[str]:
    """What stands within an outline, in the order in which it is read."""
    left, top, right, bottom = ring
    at = [(float(t.get("x") or 0), float(t.get("y") or 0), t.text or "") for t in texts(path)]
    lines = [(y, x, text) for x, y, text in at if left < x < right and top < y < bottom]
    kept = [text for _, _, text in sorted(lines)]
    return [text for text in kept if numbers or not re.fullmatch(r"[−\d.]+", text)]


@pytest.mark.parametrize("suffix", ["svg", "html"])
def test_a_span_has_its_numbers_once(tmp_path: Path, suffix: str) -> None:
    found = cut()
    figure = found.show(pair="logprob")
    if suffix == "svg":
        shown = written(figure.save(tmp_path / "cut.svg"))
    else:  # the table without scripts, from the state that is saved
        table = figure_html(FigureState.from_widget(figure)).partition("<table")[2]
        shown = re.findall(r"(?<=>)[^<>]+", table.partition("</table>")[0].replace("-", "−"))
    for i, logprobs in enumerate(found.logprobs):
        for value in np.unique(logprobs):
            text = f"−{-value:.2f}"
            assert shown.count(text) == int((found.logprobs == value).sum()), (i, text)
    assert not {"–", "NaN"} & set(shown)
    told = {"svg": "joined: one span of the text", "html": "without numbers: part of the span"}
    assert told[suffix] in " ".join(shown)


def test_what_is_saved_with_a_cell_is_drawn_as_the_figure_is() -> None:
    """From the state that stands in a notebook, as LaTeX has it."""
    figure = cut().show(span=(1, 3), threshold=0.5)
    state = FigureState.from_json(FigureState.from_widget(figure).as_json)
    own: Any = state.source
    again = picture(own, state.scale, state.picture_options, "svg")
    live = picture(figure.drawn, figure.color_scale(), figure, "svg")

    def shown(data: bytes) -> bytes:  # without what matplotlib names by chance
        return re.sub(rb"(clip|id)[-=\w\"#]*|<dc:date>.*?</dc:date>", b"", data)

    assert b"a over b" in again and shown(again) == shown(live)


def test_a_selection_has_both_sums_where_it_cuts_no_span() -> None:
    def said(start: int, stop: int) -> str:
        figure = cut().show(span=(start, stop))
        (line,) = [line for line in legend(figure.drawn, figure) if line.startswith("tokens ")]
        return line

    assert said(0, 3).endswith(", in b −5.0000 nats")  # −2.5 − 1.5 − 1
    assert said(2, 7).endswith(", in b −4.6000 nats")
    assert ", in b" not in said(0, 1) + said(1, 3) + said(3, 6)
    unknown = tv.compare(tv.Trace(["x", "y"], [-1, -1]), tv.Trace(["x", "y"], [NAN, -2]))
    figure = unknown.show(span=(0, 2))
    assert ", in b" not in " ".join(legend(figure.drawn, figure))
    figure.span = (1, 2)
    assert ", in b −2.0000 nats" in " ".join(legend(figure.drawn, figure))


def test_tokens_of_a_span_look_like_one_box(tmp_path: Path) -> None:
    figure = cut().show(vmin=-1, vmax=1, row_length=4)
    path = figure.save(tmp_path / "cut.png")
    image = np.asarray(Image.open(path).convert("RGB")).astype(int)
    scale = figure.color_scale()
    # A row of pixels just inside the upper edge of the first cells, where nothing is written.
    colors = [scale.rgb(float(figure.drawn.channels[figure.channel][i])) for i in (0, 2)]
    rows = [np.abs(image - color).max(2) <= 1 for color in colors]
    top = int(np.flatnonzero(rows[0].any(1))[0]) + 3
    runs = [np.flatnonzero(row[top]) for row in rows]
    assert len(runs[0]) == runs[0][-1] - runs[0][0] + 1, "no gap within the span"
    assert len(runs[0]) > 1.9 * len(runs[1])
    assert runs[1][0] - runs[0][-1] > 2, "and one after it"


@pytest.mark.parametrize("layout", ["grid", "flow"])
def test_a_span_of_tokens_is_framed(tmp_path: Path, layout: str) -> None:
    options: Any = {"layout": layout, "row_length": 5}
    path = rollout().show(span=(3, 7), **options).save(tmp_path / "a.svg")
    rings = [ring for ring, _ in shapes(path, ACCENT)]
    framed = [[text.strip("␣ ") for text in inside(path, ring)] for ring in rings]
    lines = {"grid": [["t3", "t4"], ["t5", "t6"]], "flow": [["t3", "t4", "t5", "t6"]]}
    assert framed == lines[layout]
    assert not shapes(rollout().show(**options).save(tmp_path / "b.svg"), ACCENT)


@pytest.mark.parametrize("layout", ["grid", "flow"])
def test_what_is_beyond_a_threshold_is_outlined(tmp_path: Path, layout: str) -> None:
    figure = rollout().show(channel="advantage", threshold=0.7, layout=layout)
    path = figure.save(tmp_path / "a.svg")
    (ring,) = [ring for ring, _ in shapes(path, MARK)]
    assert [text.strip("␣ ") for text in inside(path, ring)] == ["t13", "t14", "t15"]
    figure.beyond = "below"
    figure.threshold = -0.99
    (ring,) = [ring for ring, _ in shapes(figure.save(tmp_path / "b.svg"), MARK)]
    assert [text.strip("␣ ") for text in inside(tmp_path / "b.svg", ring)] == ["t0"]


@pytest.mark.parametrize(
    ("threshold", "norm", "share"),
    [(0.0, "linear", 0.5), (0.5, "linear", 0.75), (9.0, "linear", 1), (-9.0, "linear", 0)],
)
def test_a_threshold_is_a_line_across_the_colour_bar(
    tmp_path: Path, threshold: float, norm: str, share: float
) -> None:
    figure = rollout().show(channel="advantage", vmin=-1, vmax=1, norm=norm, threshold=threshold)
    image = np.asarray(Image.open(figure.save(tmp_path / "a.png")).convert("RGB")).astype(int)
    right = image[:, int(0.9 * image.shape[1]) :]
    accent = np.abs(right - [int(ACCENT[i : i + 2], 16) for i in (1, 3, 5)]).max(2) <= 1
    rows, columns = np.flatnonzero(accent.any(1)), np.flatnonzero(accent.any(0))
    # The bar: what has a colour, below and above the line, in the line's own columns.
    within = right[:, columns[len(columns) // 2]]
    bar = np.flatnonzero(within.max(1) - within.min(1) > 12)
    middle, top, bottom = rows.mean(), min(bar[0], rows[0]), max(bar[-1], rows[-1])
    assert (bottom - middle) / (bottom - top) == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("layout", ["grid", "flow"])
def test_bands_are_dashed_by_role_and_have_their_words(tmp_path: Path, layout: str) -> None:
    path = rollout().show(layout=layout, row_length=16).save(tmp_path / "a.svg")
    bands = [
        style.get("stroke-dasharray")
        for (left, top, right, bottom), style in shapes(path, MUTED)
        if top == bottom and right - left > 10
    ]
    assert len(bands) == 4, "none where there is no word"
    user, assistant, tool, again = bands
    assert user is None and assistant == again and tool not in (None, assistant)
    assert [t for t in written(path) if t in ("user", "assistant", "tool")] == [
        "user", "assistant", "tool", "assistant",
    ]  # fmt: skip
    assert "bands: role" in " ".join(written(path))


def test_running_text_has_no_numbers_and_says_of_none(tmp_path: Path) -> None:
    shown = cut().show(layout="flow").save(tmp_path / "a.svg")
    assert "in the cells" not in " ".join(written(shown))
    trace = rollout().show(layout="flow", written="advantage").save(tmp_path / "b.svg")
    assert "written:" not in " ".join(written(trace))
