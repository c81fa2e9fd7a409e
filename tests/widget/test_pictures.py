"""Figures as SVG, PDF and PNG: the values are there, as text, in the colours of the widget."""

import re
from pathlib import Path

import numpy as np
import pytest

import tokenviz as tv

pytest.importorskip("matplotlib")


def texts(svg: Path) -> list[str]:
    return re.findall(r">([^<>]+)</text>", svg.read_text(encoding="utf-8"))


def fills(svg: Path) -> set[str]:
    return set(re.findall(r"fill: (#[0-9a-f]{6})", svg.read_text(encoding="utf-8")))


def test_every_value_of_the_reference_is_in_the_svg(tmp_path: Path) -> None:
    source = tv.examples.attribution()
    widget = source.show(colormap="PuOr")
    written = texts(widget.save(tmp_path / "a.svg"))
    for value in source.values.ravel():
        assert f"{value:.4f}".replace("-", "−") in written
    assert "$35 ($85 - $50)" in written
    assert "Token Attribution" in written
    colour = "#{:02x}{:02x}{:02x}".format(*widget.color_scale().rgb(1.3714))
    assert colour in fills(tmp_path / "a.svg")


def test_every_token_of_the_trace_is_in_the_svg(tmp_path: Path) -> None:
    written = texts(tv.examples.trace().save(tmp_path / "t.svg"))
    assert {"multiplication", "&lt;/think&gt;", "\\n\\n", "97"} <= set(written)
    assert written.count("0.39") == 2


def test_the_caption_is_below_the_picture_with_each_fact_on_one_line(tmp_path: Path) -> None:
    source = tv.Attribution([[0.5]], ["a"], ["x"], label="")
    facts = [f"fact {i}: costs $5 or so" for i in range(6)]
    source.show(caption=" · ".join(facts)).save(tmp_path / "a.svg")
    lines = [text.replace("\u00a0", " ") for text in texts(tmp_path / "a.svg") if "fact" in text]
    assert len(lines) > 1
    assert [fact for line in lines for fact in line.removesuffix(" ·").split(" · ")] == facts


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_other_formats_and_odd_values(tmp_path: Path, suffix: str, magic: bytes) -> None:
    odd = tv.Attribution([[np.nan, np.inf], [-np.inf, 0.5]], ["$a_1$", "b"], ["x", "\\frac"])
    assert odd.save(tmp_path / f"odd{suffix}").read_bytes().startswith(magic)
    empty = tv.Trace([], [])
    assert empty.save(tmp_path / f"empty{suffix}").read_bytes().startswith(magic)


def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    big = tv.Attribution(np.zeros((200, 200)), ["t"] * 200, ["x"] * 200)
    with pytest.raises(ValueError, match="at most 20,000 cells, this figure has 40,000"):
        big.save(tmp_path / "big.svg")
