"""A picture shows what is seen: layout, theme, order, colours; and nothing runs out of it."""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv

pytest.importorskip("matplotlib")
from PIL import Image

SVG = "{http://www.w3.org/2000/svg}"
LONG = (
    2 * "The model answers that forty-three times thirty-four equals 1,462, of course, and goes on."
)


def texts(path: Path) -> list[ET.Element]:
    return list(ET.parse(path).getroot().iter(f"{SVG}text"))


def written(path: Path) -> list[str]:
    return [text.text or "" for text in texts(path)]


def pixel(path: Path, x: float, y: float) -> Any:
    """Of a PNG, at shares of its width and height."""
    image = Image.open(path).convert("RGB")
    return image.getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))


def test_long_labels_are_cut_within_bounds_and_whole_in_titles(tmp_path: Path) -> None:
    token = "a token that is a whole clause, as with grouping='sentence'" * 3
    source = tv.Attribution(np.eye(2), ["a", token], [LONG, "Short"])
    path = source.show(title="Which sentences mattered").save(tmp_path / "a.svg")
    root = ET.parse(path).getroot()
    titles = {title.text for title in root.iter(f"{SVG}title")}
    assert titles == {LONG, token.replace(" ", "␣"), "Which sentences mattered"}
    width, height = (float(root.get(side).removesuffix("pt")) for side in ("width", "height"))
    assert width < 700
    assert height < 300
    places = {text.text: float(text.get("y")) for text in texts(path)}
    title = places.pop("Which sentences mattered")
    assert all(y > title + 8 for y in places.values()), "nothing else stands where the title does"
    assert max(places.values()) < height
    assert any(text.endswith("…") for text in places)


def test_labels_are_text_and_no_formulae_whatever_matplotlib_is_told(tmp_path: Path) -> None:
    import matplotlib as mpl

    odd = ["$a_1$ \\alpha", "x^2_3 $\\frac", "50%&<b>"]
    source = tv.Attribution(np.ones((3, 1)), odd, ["$\\sum_i x_i$"])
    with mpl.rc_context({"text.usetex": True, "font.size": 30, "svg.fonttype": "path"}):
        path = source.show(title="$t$", label="$l$", caption="$c$: \\d").save(tmp_path / "a.svg")
        assert mpl.rcParams["text.usetex"] is True
    shown = written(path)
    assert {"$t$", "$l$", "$c$: \\d", "$\\sum_i x_i$", "$a_1$␣\\alpha", "50%&<b>"} <= set(shown)


def test_running_text_is_a_running_text(tmp_path: Path) -> None:
    trace = tv.Trace(["Hello", " world", ".\n", "Next"], [-0.1, -0.5, -1, -2], [[("a", -2)]] * 4)
    grid, flow = (
        written(trace.show(layout=layout).save(tmp_path / f"{layout}.svg"))
        for layout in ("grid", "flow")
    )
    assert {"␣world", ".\\n", "a", "0.90"} <= set(grid)
    assert {"Hello", "world", ".", "Next"} <= set(flow)
    assert not {"␣world", "a", "0.90"} & set(flow)


def test_the_picture_has_the_theme_and_the_order(tmp_path: Path) -> None:
    source = tv.Attribution([[0.1, 0.2], [0.9, 0.3]], ["small", "large"], ["x", "y"])
    path = source.show(theme="dark", row_order="magnitude", hidden_columns=[0]).save(
        tmp_path / "a.png"
    )
    assert pixel(path, 0, 0) == (0x16, 0x18, 0x1B)
    assert pixel(source.show().save(tmp_path / "b.png"), 0, 0) == (255, 255, 255)
    shown = written(source.show(row_order="magnitude", hidden_columns=[0]).save(tmp_path / "a.svg"))
    assert shown.index("large") < shown.index("small")
    assert "x" not in shown


def test_the_colour_bar_is_the_scale_and_can_be_read(tmp_path: Path) -> None:
    source = tv.Attribution(np.linspace(-0.37, 0.37, 4).reshape(2, 2), ["a", "b"], ["x", "y"])
    widget = source.show(vmin=None, vmax=None)
    assert {"−0.37", "0.37"} <= set(written(widget.save(tmp_path / "a.svg")))
    image = np.asarray(Image.open(widget.save(tmp_path / "a.png")).convert("RGB")).astype(int)
    high, low = widget.color_scale().rgb([0.37, -0.37]).astype(int)
    # The bar is right of the cells: its column goes from the one colour to the other.
    column = image[:, int(0.76 * image.shape[1]) :].transpose(1, 0, 2)
    far = [[np.abs(c - end).sum(1) for end in (high, low)] for c in column]
    bars = [ends for ends in far if max(end.min() for end in ends) < 12]
    assert bars
    assert bars[0][0].argmin() < bars[0][1].argmin(), "high is above low"


def test_minus_signs_stand_before_digits_that_stand_below_each_other(tmp_path: Path) -> None:
    source = tv.Attribution([[0.25], [-0.5]], ["a", "b"], ["x"])
    path = source.show(emphasis=None).save(tmp_path / "a.svg")
    places = {text.text: text for text in texts(path)}
    assert "end" in str(places["0.2500"].get("style"))
    assert places["0.2500"].get("x") == places["−0.5000"].get("x")


def test_missing_scripts_are_named(tmp_path: Path) -> None:
    from matplotlib.font_manager import fontManager

    if any("CJK" in entry.name for entry in fontManager.ttflist):
        pytest.skip("this machine has fonts for everything")
    source = tv.Attribution(np.ones((2, 1)), ["漢字", "नमस्ते"], ["x"])
    with pytest.warns(UserWarning, match=r"CJK \(Chinese, Japanese, Korean\), Devanagari"):
        source.save(tmp_path / "a.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tv.Attribution([[1.0]], ["مرحبا"], ["Ελληνικά"]).save(tmp_path / "b.svg")


def test_an_installed_font_is_found_and_the_users_comes_first(tmp_path: Path) -> None:
    import matplotlib as mpl
    from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
    from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
    from matplotlib.font_manager import fontManager

    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "han"])
    builder.setupCharacterMap({0x6F22: "han"})
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((900, 0), (900, 900), (0, 900)):
        pen.lineTo(corner)
    pen.closePath()
    builder.setupGlyf({".notdef": pen.glyph(), "han": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "han": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Test Han", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "han.ttf")
    before = list(fontManager.ttflist)
    try:
        fontManager.addfont(tmp_path / "han.ttf")
        with mpl.rc_context({"font.family": "DejaVu Serif"}), warnings.catch_warnings():
            warnings.simplefilter("error")
            path = tv.Attribution([[1.0]], ["漢"], ["x"]).save(tmp_path / "a.svg")
    finally:
        fontManager.ttflist[:] = before
    style = texts(path)[0].get("style")
    families = re.search(r"font-family: ([^;]*)", style)
    assert families is not None
    assert families[1].startswith("'DejaVu Serif'")
    assert "'Test Han'" in families[1]


def test_a_mark_of_byte_order_in_a_title_costs_no_picture(tmp_path: Path) -> None:
    source = tv.Attribution([[1.0]], ["a\ufeff"], ["x"], label="l\ufeff", method="\ufeffm")
    figure = source.show(title="\ufefftitle")
    for suffix in ("pdf", "png", "svg"):
        assert figure.save(tmp_path / f"figure.{suffix}").stat().st_size > 1000


def test_odd_characters_leave_an_svg_well_formed(tmp_path: Path) -> None:
    source = tv.Attribution([[1.0]], ["a"], ["x\x00y"], label="l\x1b")
    shown = written(source.show(title="a\nb\x07", caption="\ud800").save(tmp_path / "a.svg"))
    assert "a b\\x07" in shown


def test_display_may_be_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    monkeypatch.setattr(tv.options, "_display", "picture")
    data, metadata = tv.examples.attribution().show()._repr_mimebundle_()
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert image.width == pytest.approx(metadata["image/png"]["width"] * 200 / 72 * 2 / 3, abs=3)
    assert metadata["image/png"]["alt"]
    assert "text/html" not in data
