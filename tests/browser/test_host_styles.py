"""Figures and tables look the same whatever a host's style sheet says of tables, buttons and lists.

Each sheet says what hosts of that kind say of bare elements, and of what they put classes on.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Locator

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure
from tokenviz.export.html import fragment, twin

BOOTSTRAP = """
*, ::before, ::after { box-sizing: border-box; }
body { font: 400 16px/1.5 serif; color: #212529; -webkit-text-size-adjust: 100%; }
table { width: 100%; margin-bottom: 1rem; vertical-align: top; border-color: #dee2e6;
  caption-side: bottom; border-collapse: collapse; }
caption { padding: .5rem 0; color: rgba(33, 37, 41, .75); text-align: left; }
th { text-align: inherit; text-align: -webkit-match-parent; }
tbody, td, tfoot, th, thead, tr { border: 0 solid inherit; }
table > :not(caption) > * > * { padding: .5rem; color: #212529; background-color: #fff;
  border-bottom-width: 1px; box-shadow: inset 0 0 0 9999px rgb(0 0 0 / 5%); }
table > tbody > tr:nth-of-type(odd) > * { background: #eee;
  box-shadow: inset 0 0 0 9999px rgb(0 0 0 / 15%); }
table > tbody > tr:hover > * { box-shadow: inset 0 0 0 9999px rgb(0 0 0 / 25%); }
figure { margin: 0 0 1rem; }
canvas, img, svg { vertical-align: middle; max-width: 100%; height: auto; }
.host canvas { max-width: 95%; max-height: 95%; }
button, input, select, optgroup { margin: 0; font-family: inherit; font-size: inherit;
  line-height: inherit; }
button { border-radius: 0; text-transform: none; }
[type=button], [type=reset], button { -webkit-appearance: button; cursor: pointer; }
dl, ol, ul { margin-top: 0; margin-bottom: 1rem; }
dt { font-weight: 700; } dd { margin-bottom: .5rem; margin-left: 0; }
label { display: inline-block; } p { margin: 0 0 1rem; } small { font-size: .875em; }
strong { font-weight: bolder; } summary { display: list-item; }
"""
QUARTO = (
    BOOTSTRAP
    + """
body { font: 17px/1.6 sans-serif; }
.host table { font-size: .9em; } .host td, .host th { white-space: normal; padding: .25rem; }
.host caption { font-style: italic; padding-top: .1rem; }
.host figure > div { text-align: center; } .host { overflow-x: auto; text-align: center; }
"""
)
PYDATA = """
html { font-size: 16px; } body { font: 16px/1.65 sans-serif; color: #323232; }
table { margin: 1.15rem auto; color: #323232; border-collapse: collapse; width: auto; }
table td, table th { padding: .5rem; border: 1px solid #888; vertical-align: top; }
table tbody tr:nth-child(odd) { background: #f5f5f5; } table tr:hover { background: #add8e6; }
table p { margin: 0; } table strong { color: #b04; } small { font-size: 80%; }
.host div table { border: 1px; font-size: 12px; table-layout: fixed; color: black; }
.host :is(td, th, tr) { text-align: right; vertical-align: middle; line-height: normal;
  white-space: normal; max-width: none; letter-spacing: .02em; }
.host img, .host canvas { max-width: 100%; }
button, input, select { border: 1px solid #a00; border-radius: .5rem; background: #eef; }
button:hover { text-decoration: underline; }
dt { font-weight: bold; line-height: 2; } dd { margin: 3px 0 10px 30px; }
p { margin: 0 0 1.15rem; } label { font-weight: bold; margin: 4px; }
"""
FURO = """
* { box-sizing: border-box; } body { font: 15px/1.5 serif; word-spacing: .1em; }
table { border-radius: .2rem; border-spacing: 0; border-collapse: collapse; margin: 1em auto;
  box-shadow: 0 0 4px #888; max-width: 100%; overflow: auto; }
th { background: #ddd; font-weight: bolder; } th, td { border: 1px solid #aaa; padding: 0 .25rem; }
td, th { text-align: left; font-feature-settings: "smcp"; } td p { margin: .25rem; }
caption { caption-side: top; margin: 1em; font-weight: bold; text-align: center; }
small { font-size: 75%; color: #666; } strong { color: navy; }
button { font: 100% sans-serif; line-height: 1.15; margin: 0; padding: 3px; background: none;
  border: 2px outset; text-align: left; min-height: 44px; min-width: 44px; }
select { text-transform: none; } input { overflow: visible; }
dl { margin: 1em 0 1em 2em; } dd { margin-left: 2em; } dt { font-weight: 700; }
canvas { display: inline-block; max-width: 100%; } summary { cursor: help; padding: 1em; }
svg { fill: red; } figure { margin: 1em 40px; } fieldset { padding: 9px; }
"""
NBCONVERT = """
body { font: 13px/1.5 sans-serif; }
.host table { border-collapse: collapse; border-spacing: 0; border: none; color: #111;
  font-size: 12px; table-layout: fixed; margin-left: auto; margin-right: auto; margin-bottom: 1em; }
.host td, .host th, .host tr { vertical-align: middle; padding: .5em; line-height: normal;
  white-space: normal; max-width: none; border: none; text-align: right; }
.host th { font-weight: bold; } .host tbody tr:nth-child(even) { background: #f5f5f5; }
.host tbody tr:hover { background: rgb(66 165 245 / 20%); }
.host :is(p, dl) { margin: 0 0 1em; } .host dd { float: left; width: 80%; margin-left: 2em; }
.host dl dt { float: left; clear: left; width: 20%; font-weight: 700; }
.host svg { max-width: 100%; height: auto; }
.host strong { font-weight: 900; } .host small { font-size: 11px; }
button, select, input { box-shadow: 0 0 3px #000; text-shadow: 1px 1px red; }
"""
SHEETS = {
    "bootstrap": BOOTSTRAP,
    "quarto": QUARTO,
    "pydata": PYDATA,
    "furo": FURO,
    "nbconvert": NBCONVERT,
}
FIGURES = {
    "heatmap": tv.examples.attribution().show(show_controls=True, caption="method: occlusion"),
    "trace": tv.examples.trace().show(show_controls=True, title="A title"),
}


def opened(offline: OfflinePages, path: Path, html: str, sheet: str) -> Locator:
    path.write_text(
        f"<!doctype html><meta charset=utf-8><style>{sheet}</style>"
        f'<body style="margin:8px"><div class="host" style="width:1100px">{html}</div>',
        encoding="utf-8",
    )
    page = offline.open(path, width=1200, height=1400).page
    # A table waits a moment for a widget that would hide it.
    page.evaluate("() => document.getAnimations().forEach((one) => one.finish())")
    return page.locator(".host")


@dataclass
class Plain:
    """What stands on a page that has no style sheet, of each kind looked at once."""

    tables: dict[str, Image.Image] = field(default_factory=dict)
    figures: dict[str, tuple[Image.Image, Image.Image]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def plain() -> Plain:
    return Plain()


def picture(part: Locator) -> Image.Image:
    return Image.open(io.BytesIO(part.screenshot())).convert("RGB")


def assert_same(styled: Image.Image, plain: Image.Image) -> None:
    assert styled.size == plain.size
    assert ImageChops.difference(styled, plain).getbbox() is None


def table_picture(host: Locator) -> Image.Image:
    table = host.locator("table")
    # Its caption takes the host's colour, as all text outside cells does.
    host.evaluate("e => { e.style.color = '#222'; }")
    return picture(table)


def figure_pictures(host: Locator) -> tuple[Image.Image, Image.Image]:
    """Of a figure, and of what it tells of a cell."""
    figure = Figure(host.locator(".tokenviz"))
    figure.settle()
    whole = picture(figure.locator)
    x, y, width, height = figure.rect((2, 0))
    host.page.mouse.move(x + width / 2, y + height / 2)
    tooltip = host.locator(".tokenviz-tooltip")
    tooltip.wait_for()
    return whole, picture(tooltip)


@pytest.mark.parametrize("kind", FIGURES)
@pytest.mark.parametrize("name", SHEETS)
def test_a_static_table_is_not_restyled(
    name: str, kind: str, plain: Plain, offline: OfflinePages, tmp_path: Path
) -> None:
    html = twin(FIGURES[kind])["text/html"]
    if kind not in plain.tables:
        plain.tables[kind] = table_picture(opened(offline, tmp_path / "plain.html", html, ""))
    styled = opened(offline, tmp_path / "styled.html", html, SHEETS[name])
    styled.locator("td").nth(7).hover()
    assert_same(table_picture(styled), plain.tables[kind])


@pytest.mark.parametrize("kind", FIGURES)
@pytest.mark.parametrize("name", SHEETS)
def test_a_figure_is_not_restyled(
    name: str, kind: str, plain: Plain, offline: OfflinePages, tmp_path: Path
) -> None:
    html = fragment(FIGURES[kind])
    if kind not in plain.figures:
        plain.figures[kind] = figure_pictures(opened(offline, tmp_path / "plain.html", html, ""))
    found = figure_pictures(opened(offline, tmp_path / "styled.html", html, SHEETS[name]))
    for styled, expected in zip(found, plain.figures[kind], strict=True):
        assert_same(styled, expected)
