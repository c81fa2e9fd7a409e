"""Hosts scale figures, print them, give them little room, and style all text: nothing is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from nbconvert.exporters import get_exporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image
from playwright.sync_api import Page, expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure
from tokenviz.export.html import fragment, twin
from tokenviz.widget.figure import Figure as Widgets

WIDE = tv.Attribution(
    np.linspace(-1, 1, 36).reshape(3, 12), list("abc"), [f"t{j}" for j in range(12)]
)

CELL = """(e, cell) => {
  const viewport = e.querySelector(".tokenviz-viewport");
  const box = viewport.getBoundingClientRect();
  const [kx, ky] = [box.width / viewport.offsetWidth, box.height / viewport.offsetHeight];
  const r = e.tokenvizFigure.rect(cell);
  return [(r.x - box.x + r.width / 2) * kx + box.x, (r.y - box.y + r.height / 2) * ky + box.y];
}"""


def hosted(offline: OfflinePages, path: Path, html: str, css: str, width: int = 1300) -> Page:
    body = f'<!doctype html><meta charset=utf-8><body><div style="{css}">{html}</div>'
    path.write_text(body, encoding="utf-8")
    page = offline.open(path, width=width, height=1000).page
    expect(page.locator(".tokenviz").first).to_have_attribute("data-tokenviz-ready", "true")
    return page


@pytest.mark.parametrize(
    "css",
    [
        "width:700px;transform:scale(.5);transform-origin:0 0",
        "width:700px;transform:translate(30px,20px) scale(1.7);transform-origin:0 0",
        "width:700px;transform:scale(.8,1.2);transform-origin:0 0",
        "width:700px;zoom:1.25",
    ],
)
def test_a_scaled_figure_tells_of_the_cell_under_the_pointer(
    css: str, offline: OfflinePages, tmp_path: Path
) -> None:
    page = hosted(offline, tmp_path / "p.html", fragment(tv.examples.attribution().show()), css)
    tooltip = page.locator(".tokenviz-tooltip")
    for cell in ((7, 1), (12, 4), (0, 0)):
        x, y = page.locator(".tokenviz").evaluate(CELL, list(cell))
        page.mouse.move(x, y)
        expect(tooltip).to_contain_text(f"{cell[0] + 1} of 13")
        expect(tooltip).to_contain_text(f"{cell[1] + 1} of 5")
        box = tooltip.bounding_box()
        assert box is not None
        assert abs(box["x"] + box["width"] / 2 - x) < 80  # beside its cell


@pytest.mark.parametrize("scale", [0.5, 1.7])
def test_dragging_an_end_of_a_scaled_colour_bar_goes_where_the_pointer_goes(
    scale: float, offline: OfflinePages, tmp_path: Path
) -> None:
    css = f"width:700px;transform:scale({scale});transform-origin:0 0"
    page = hosted(offline, tmp_path / "p.html", fragment(tv.examples.attribution().show()), css)
    figure = Figure(page.locator(".tokenviz"))
    box = figure.control("colorbar-vmin").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 60 * scale, steps=3)
    page.mouse.up()
    after = figure.locator.evaluate("e => e.tokenvizFigure.state.vmin")
    whole = page.locator(".tokenviz-bar-track").evaluate("e => e.offsetHeight")
    assert after == pytest.approx(-1 + 2 * 60 / whole, abs=0.05)


def test_a_pinched_page_finds_its_cells(offline: OfflinePages, tmp_path: Path) -> None:
    html = fragment(tv.examples.attribution().show())
    page = hosted(offline, tmp_path / "p.html", html, "width:700px")
    page.context.new_cdp_session(page).send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    x, y = page.locator(".tokenviz").evaluate(CELL, [3, 1])
    page.locator(".tokenviz-viewport").dispatch_event("pointermove", {"clientX": x, "clientY": y})
    expect(page.locator(".tokenviz-tooltip")).to_contain_text("4 of 13")


def test_a_canvas_follows_the_density_of_its_screen(offline: OfflinePages, tmp_path: Path) -> None:
    html = fragment(tv.examples.attribution().show())
    page = hosted(offline, tmp_path / "p.html", html, "width:700px")
    canvas = page.locator(".tokenviz-canvas")
    before = canvas.evaluate("e => e.width")
    page.context.new_cdp_session(page).send(
        "Emulation.setDeviceMetricsOverride",
        {"width": 1300, "height": 900, "deviceScaleFactor": 2, "mobile": False},
    )
    expect(canvas).to_have_js_property("width", 2 * before)


def printed(page: Page) -> list[Image.Image]:
    """What is put on paper, as pictures, with the page as it is while the browser prints."""
    page.emulate_media(media="print")
    expect(page.locator(".tokenviz-paper")).to_have_count(1)
    pieces = page.locator(".tokenviz-paper > canvas")
    return [Image.open(io.BytesIO(piece.screenshot())).convert("RGB") for piece in pieces.all()]


@contextmanager
def listening(page: Page) -> Iterator[None]:
    """Keeps how high the paper was, for what happens while the browser itself prints."""
    page.evaluate(
        """() => addEventListener("beforeprint", () => {
          const paper = document.querySelector(".tokenviz-paper");
          const tall = [...paper.children].map(e => parseFloat(e.style.height));
          window.paper = { pieces: tall.length, tallest: Math.max(...tall.filter(isFinite)),
            text: paper.innerText, all: tall.filter(isFinite).reduce((a, b) => a + b) };
        })"""
    )
    yield


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_a_long_trace_prints_whole_and_light(
    scheme: str, size: str, offline: OfflinePages, tmp_path: Path
) -> None:
    trace = tv.Trace([" word"] * 3000, np.log(np.linspace(0.1, 1, 3000)))
    path = trace.show().save(tmp_path / "t.html")
    page = offline.open(path, color_scheme=scheme).page  # type: ignore[arg-type]
    figure = Figure(page.locator(".tokenviz"))
    assert figure.locator.get_attribute("data-tokenviz-theme") == scheme
    with listening(page):
        pdf = page.pdf(format=size, print_background=True)
    assert max(map(int, re.findall(rb"/Count (\d+)", pdf))) > 10  # pages
    paper = page.evaluate("paper")
    rows = 3000 / 15
    assert paper["all"] > rows * 60  # the screen shows a tenth of it
    assert paper["tallest"] < 640
    assert paper["text"].strip() == ""  # nothing was left out
    expect(page.locator(".tokenviz-paper")).to_have_count(0)
    assert figure.locator.get_attribute("data-tokenviz-theme") == scheme


def test_paper_has_the_legend_and_nothing_to_press(offline: OfflinePages, tmp_path: Path) -> None:
    path = tv.examples.trace().show(show_controls=True, theme="dark").save(tmp_path / "t.html")
    page = offline.open(path).page
    Figure(page.locator(".tokenviz"))
    pieces = printed(page)
    assert len(pieces) >= 1
    assert all(piece.getpixel((1, 1)) == (255, 255, 255) for piece in pieces)
    expect(page.locator(".tokenviz-colorbar")).to_be_visible()
    for hidden in ("toolbar", "panel", "overview", "viewport"):
        expect(page.locator(f".tokenviz-{hidden}")).to_be_hidden()
    page.emulate_media(media="screen")
    expect(page.locator(".tokenviz-viewport")).to_be_visible()
    expect(page.locator(".tokenviz-paper")).to_have_count(0)


def test_columns_without_room_are_printed_below(offline: OfflinePages, tmp_path: Path) -> None:
    page = offline.open(WIDE.show(decimals=8).save(tmp_path / "a.html"), width=1600).page
    Figure(page.locator(".tokenviz"))
    pieces = printed(page)
    assert len(pieces) == 2
    assert all(piece.width < 680 for piece in pieces)


def test_the_legend_is_no_taller_than_what_is_printed(
    offline: OfflinePages, tmp_path: Path
) -> None:
    names = [f"t{j}" for j in range(40)]
    source = tv.Attribution(np.zeros((20, 40)), ["a"] * 20, names)
    page = offline.open(source.show().save(tmp_path / "a.html"), width=1600).page
    Figure(page.locator(".tokenviz"))
    bar = page.locator(".tokenviz-bar-track")
    on_screen = bar.bounding_box()
    (piece,) = printed(page)
    on_paper = bar.bounding_box()
    assert on_screen is not None
    assert on_paper is not None
    assert on_paper["height"] < piece.height < on_screen["height"]
    page.emulate_media(media="screen")
    expect(page.locator(".tokenviz-paper")).to_have_count(0)
    assert bar.bounding_box() == on_screen


def test_what_is_too_long_for_paper_says_so(offline: OfflinePages, tmp_path: Path) -> None:
    source = tv.Attribution(np.zeros((6000, 2)), [f"w{i}" for i in range(6000)], ["a", "b"])
    page = offline.open(source.show().save(tmp_path / "a.html")).page
    Figure(page.locator(".tokenviz"))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert "Printed up to here: " in page.locator(".tokenviz-paper p").inner_text() or (
        "Printed up to here: " in str(page.locator(".tokenviz-paper p").text_content())
    )


MANY = tv.Attribution(
    np.linspace(-1, 1, 160).reshape(4, 40),
    ["a", " b", "a group of tokens that is as long as a sentence and goes on", "d"],
    [f"target number {j}" for j in range(40)],
)


@pytest.mark.parametrize(
    "figure", [tv.examples.trace().show(), tv.examples.attribution().show(), MANY.show()]
)
def test_a_static_table_on_paper_has_all_its_columns(
    figure: Widgets, offline: OfflinePages, tmp_path: Path
) -> None:
    """In a page that is not ours, as wide as what nbconvert leaves to an output."""
    path = tmp_path / "t.html"
    table = twin(figure)["text/html"]
    path.write_text(
        f'<!doctype html><meta charset=utf-8><div class=host style="width:600px">{table}</div>',
        encoding="utf-8",
    )
    page = offline.open(path, width=700).page
    table_box = page.locator("table")
    scroller = page.locator("[data-tokenviz-table]")
    assert scroller.evaluate("e => getComputedStyle(e).overflowX") == "auto"
    page.emulate_media(media="print")
    assert scroller.evaluate("e => getComputedStyle(e).overflowX") == "visible"
    box = table_box.bounding_box()
    assert box is not None
    assert box["width"] <= 600
    size = table_box.locator("td").first.evaluate(
        "e => parseFloat(getComputedStyle(e).fontSize) * e.currentCSSZoom"
    )
    assert size > 6  # pixels


@pytest.mark.parametrize(
    ("width", "length"), [(340, 5), (600, 10), (700, 10), (850, 15), (1000, 20), (1400, 20)]
)
def test_a_trace_wraps_to_the_width_it_has(
    width: int, length: int, offline: OfflinePages, tmp_path: Path
) -> None:
    page = offline.open(tv.examples.trace().show().save(tmp_path / "t.html"), width=width).page
    figure = Figure(page.locator(".tokenviz"))
    seen, whole = figure.viewport.evaluate(
        "e => [e.clientWidth, e.querySelector('.tokenviz-spacer').offsetWidth]"
    )
    assert whole <= seen
    figure.viewport.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("End")
    expect(page.locator(".tokenviz-live")).to_contain_text(f"osition {length}")


def test_a_row_length_that_was_asked_for_is_kept(offline: OfflinePages, tmp_path: Path) -> None:
    path = tv.examples.trace().show(row_length=20).save(tmp_path / "t.html")
    figure = Figure(offline.open(path, width=600).page.locator(".tokenviz"))
    assert figure.viewport.evaluate("e => e.scrollWidth > e.clientWidth")
    figure.open_controls()
    figure.control("row_length").fill("")
    expect(figure.control("row_length")).to_have_attribute("placeholder", "auto")
    figure.locator.evaluate("e => e.tokenvizFigure.painted()")
    assert figure.viewport.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_columns_out_of_sight_are_announced_by_a_fade_and_in_words(
    offline: OfflinePages, tmp_path: Path
) -> None:
    page = offline.open(WIDE.show().save(tmp_path / "a.html"), width=700).page
    figure = Figure(page.locator(".tokenviz"))
    sign = page.locator(".tokenviz-toolbar .tokenviz-status")
    expect(figure.viewport).to_have_attribute("data-tokenviz-more", "")
    box = figure.viewport.bounding_box()
    assert box is not None
    rects = [figure.rect((0, j)) for j in range(12)]
    unseen = sum(x + width > box["x"] + box["width"] for x, _, width, _ in rects)
    assert unseen > 0
    expect(sign).to_have_text(f"more columns: {unseen} →")
    figure.viewport.evaluate("e => { e.scrollLeft = 1e6; }")
    expect(figure.viewport).not_to_have_attribute("data-tokenviz-more", "")
    expect(sign).to_have_text("")
    page.set_viewport_size({"width": 1600, "height": 900})
    expect(sign).to_have_text("")


@pytest.mark.parametrize(
    ("target", "width"),
    [
        ("A sentence that is somewhat longer than all of the others here", 600),
        ("法国的首都是位于塞纳河畔的巴黎这座城市", 600),
        ("A sentence that is about so long", 340),
    ],
)
def test_target_names_use_the_room_before_they_are_cut(
    target: str, width: int, offline: OfflinePages, tmp_path: Path
) -> None:
    source = tv.Attribution(np.full((3, 5), 0.1234), list("abc"), [target, *"defg"])
    page = offline.open(source.show().save(tmp_path / "a.html"), width=width).page
    page.locator(".tokenviz[data-tokenviz-ready=true]").wait_for()
    page.evaluate(
        """async () => {
          const draw = CanvasRenderingContext2D.prototype.fillText;
          window.texts = [];
          CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
            window.texts.push(text);
            return draw.call(this, text, ...at);
          };
          dispatchEvent(new Event("resize"));
          await document.querySelector(".tokenviz").tokenvizFigure.painted();
        }"""
    )
    texts = page.evaluate("texts")
    assert not any("…" in text for text in texts)
    assert target.replace(" ", "") in "".join(texts).replace(" ", "")


def test_text_styles_of_the_host_stay_outside(offline: OfflinePages, tmp_path: Path) -> None:
    source = tv.Attribution(np.array([[0.5, -0.5]]), [" iPhone"], ["pH value", "mRNA"])
    css = (
        "text-transform:uppercase;letter-spacing:.3em;word-spacing:2em;text-indent:3em;"
        "white-space:pre;line-height:3;font-size:30px;direction:rtl;text-align:right"
    )
    rules = "<style>button,dt,dd{text-transform:uppercase;letter-spacing:1em}</style>"
    html = rules + fragment(source.show())
    page = hosted(offline, tmp_path / "p.html", html, css)
    figure = Figure(page.locator(".tokenviz"))
    plain = hosted(offline, tmp_path / "q.html", fragment(source.show()), "")
    x, y, width, height = figure.rect((0, 1))
    assert [width, height] == list(Figure(plain.locator(".tokenviz")).rect((0, 1))[2:])
    page.mouse.move(x + width / 2, y + height / 2)
    tooltip = page.locator(".tokenviz-tooltip")
    assert "iPhone" in tooltip.inner_text()  # as it is rendered, uppercase if it were
    for part in ("dt", "dd"):
        style = tooltip.locator(part).first.evaluate(
            "e => { const s = getComputedStyle(e); return [s.textTransform, s.letterSpacing,"
            " s.wordSpacing, s.textIndent, s.direction]; }"
        )
        assert style == ["none", "normal", "0px", "0px", "ltr"]


def test_hosts_stripe_no_table(offline: OfflinePages, tmp_path: Path) -> None:
    rules = "<style>tr:nth-child(odd),tr:hover{background:#ff0000}th,td{border:1px solid}</style>"
    html = rules + fragment(tv.examples.attribution().show(), with_script=False)
    path = tmp_path / "p.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    page = offline.open(path).page
    back = page.locator("tr").evaluate_all(
        "rows => rows.map(e => getComputedStyle(e).backgroundColor)"
    )
    assert set(back) == {"rgba(0, 0, 0, 0)"}
    edge = page.locator("th").first.evaluate("e => getComputedStyle(e).borderTopWidth")
    assert edge == "0px"


REVEAL = """
.reveal { position: relative; height: 100vh; overflow: hidden; font-size: 40px; }
.reveal .slides { position: absolute; left: 50%; top: 50%; width: 960px; height: 700px;
  text-align: center; SCALE; }
.reveal .slides section { position: absolute; width: 100%; transform-style: preserve-3d; }
.reveal :is(td, th) { text-align: left; padding: .2em .5em; border-bottom: 1px solid; }
.reveal dl { display: inline-block; margin-left: 1em; } .reveal dd { margin-left: 40px; }
"""
"""What reveal.js, which nbconvert's slides fetch from a network, makes of a slide."""


@pytest.mark.parametrize(
    "scale",
    [
        "transform: translate(-50%, -50%) scale(.7)",
        "transform: translate(-50%, -50%) scale(1.4)",
        "left: 0; top: 0; zoom: 1.3",
    ],
)
def test_a_figure_on_a_slide_tells_of_the_cell_under_the_pointer(
    scale: str, offline: OfflinePages, tmp_path: Path
) -> None:
    html = fragment(tv.examples.attribution().show())
    shown = new_output("display_data", {"text/html": html})
    cell = new_code_cell("figure", outputs=[shown], metadata={"slideshow": {"slide_type": "slide"}})
    slides, _ = get_exporter("slides")().from_notebook_node(new_notebook(cells=[cell]))
    path = tmp_path / "s.slides.html"
    path.write_text(slides, encoding="utf-8")
    page = offline.open(path, width=1400, height=1000).page
    page.add_style_tag(content=REVEAL.replace("SCALE", scale))
    figure = Figure(page.locator(".tokenviz"))
    figure.settle()
    tooltip = page.locator(".tokenviz-tooltip")
    for row, column in ((7, 1), (12, 4), (0, 0)):
        x, y = figure.locator.evaluate(CELL, [row, column])
        page.mouse.move(x, y)
        expect(tooltip).to_contain_text(f"{row + 1} of 13")
        expect(tooltip).to_contain_text(f"{column + 1} of 5")
