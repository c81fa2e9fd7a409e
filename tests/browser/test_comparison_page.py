"""A comparison on a page of its own: both models' numbers in a cell, and places to go to.

No kernel is there and no network. What is listed is checked against :meth:`Comparison.worst`, which
the renderer does not call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import Locator, expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure, expected_color
from tokenviz.export.html import twin
from tokenviz.export.legends import legend
from tokenviz.export.nbconvert import TokenvizHTMLExporter

N = 130
HOSTILE = '<img src=x onerror="window.hurt=1"> \u202eabc <b>'


def comparison() -> tv.Comparison:
    """Two traces of made-up words, with divergences, ties and what is not known."""
    rng = np.random.default_rng(4)
    words = [f" w{i}" for i in range(40)] + [HOSTILE]
    index = rng.integers(0, 40, N)
    index[7] = 40
    a, b = (np.log(rng.uniform(0.01, 1, N)).astype(np.float32) for _ in range(2))
    b[11] = b[12] = a[11] - np.float32(2)
    a[12] = a[11]
    a[20] = np.nan
    traces = [
        tv.Trace.from_columns(
            words,
            index,
            logprobs,
            np.arange(N + 1),
            (index + 1) % 40,
            np.log(rng.uniform(0.01, 0.9, N)).astype(np.float32),
            ranks=rng.integers(1, 4, N),
            model=name,
        )
        for name, logprobs in (("one", a), ("two", b))
    ]
    kl = rng.gamma(1, 0.3, (2, N))
    return tv.Comparison(*traces, kl=kl, js=rng.uniform(0, np.log(2), N))


class Page:
    """A page with one comparison."""

    def __init__(self, opened: Opened) -> None:
        self.opened, self.page = opened, opened.page
        self.root = self.page.locator(".tokenviz-comparison")
        self.figure = Figure(self.root.locator('.tokenviz[data-tokenviz-kind="trace"]'))
        self.links = self.root.locator(".tokenviz-comparison-link")

    def starts(self) -> list[int]:
        """Where the listed places begin, counted from 0."""
        texts = self.root.locator(".tokenviz-comparison-at").all_inner_texts()
        return [int(text) - 1 for text in texts]

    def sort(self, by: str) -> Locator:
        return self.root.locator(f'[data-tokenviz-sort="{by}"]')

    def state(self, name: str) -> Any:
        return self.figure.locator.evaluate("(e, name) => e.tokenvizFigure.state[name]", name)

    def caption(self) -> str:
        return self.root.locator(".tokenviz-caption").inner_text()


@pytest.fixture(scope="module")
def compared() -> tv.Comparison:
    return comparison()


@pytest.fixture
def shown(compared: tv.Comparison, offline: OfflinePages, tmp_path: Path) -> Page:
    return Page(offline.open(compared.show().save(tmp_path / "compared.html")))


def test_cells_are_coloured_by_the_difference_and_hold_both(
    shown: Page, compared: tv.Comparison
) -> None:
    reach = float(np.nanmax(np.abs(compared.deltas)))
    places = [(0, 0), (11, 0), (15, 0)]
    for cell, color in shown.figure.colors(places).items():
        value = float(compared.deltas[cell[0]])
        assert color == expected_color(value, "PuOr", -reach, reach, 0.0)
    one = shown.figure.rect((0, 0))[3]
    assert "in the cells: probabilities, a over b" in shown.caption()
    shown.root.locator('[data-tokenviz-control="pair"]').select_option("logprob")
    expect(shown.root.locator(".tokenviz-caption")).to_contain_text("log-probabilities, a over b")
    assert shown.figure.rect((0, 0))[3] == one
    shown.root.locator('[data-tokenviz-control="pair"]').select_option(label="one number")
    expect(shown.root.locator(".tokenviz-caption")).not_to_contain_text("a over b")
    assert shown.figure.rect((0, 0))[3] == one - 13
    shown.opened.assert_quiet()


@pytest.mark.parametrize("by", ["delta", "kl", "reverse_kl", "js", "rank_change", "flip"])
def test_places_are_sorted_by_any_measure(shown: Page, compared: tv.Comparison, by: Any) -> None:
    assert shown.starts() == [place.start for place in compared.worst()]  # by KL
    shown.root.locator('[data-tokenviz-control="places"]').fill("12")
    shown.root.locator('[data-tokenviz-control="places"]').press("Enter")
    shown.sort(by).click()
    expect(shown.sort(by).locator("..")).to_have_attribute("aria-sort", "descending")
    assert shown.starts() == [place.start for place in compared.worst(12, by=by)]
    assert shown.root.locator('[aria-sort="descending"]').count() == 1


def test_a_click_goes_to_the_place_and_selects_it(shown: Page, compared: tv.Comparison) -> None:
    farthest = max(compared.worst(), key=lambda place: place.start)
    shown.links.nth(shown.starts().index(farthest.start)).click()
    shown.figure.settle()
    assert shown.state("selected") == [farthest.start, 0]
    box, (_, top, _, height) = (
        shown.figure.viewport.bounding_box(),
        shown.figure.rect((farthest.start, 0)),
    )
    assert box is not None and box["y"] <= top and top + height <= box["y"] + box["height"]
    expect(shown.figure.viewport).to_be_focused()
    expect(shown.root.locator('[aria-current="true"]')).to_have_count(1)
    # The other way round: what is selected in the figure is marked in the list.
    shown.page.keyboard.press("Escape")
    expect(shown.root.locator('[aria-current="true"]')).to_have_count(0)


def test_by_keys_alone(shown: Page, compared: tv.Comparison) -> None:
    page = shown.page
    shown.figure.viewport.focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        if shown.sort("js").evaluate("e => e.matches(':focus')"):
            break
    page.keyboard.press("Enter")
    expect(shown.sort("js")).to_be_focused()
    worst = compared.worst(by="js")
    assert shown.starts() == [place.start for place in worst]
    for _ in range(3):  # rank change, flip, the first place
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(shown.figure.viewport).to_be_focused()
    assert shown.state("selected") == [worst[1].start, 0]
    page.keyboard.press("w")
    assert shown.state("selected") == [worst[2].start, 0]
    page.keyboard.press("W")
    page.keyboard.press("W")
    page.keyboard.press("W")
    assert shown.state("selected") == [worst[-1].start, 0]
    page.keyboard.press("?")
    expect(shown.figure.locator.locator(".tokenviz-help")).to_contain_text("Next place of the list")


def test_a_tooltip_says_what_both_say(shown: Page, compared: tv.Comparison) -> None:
    place = int(np.flatnonzero(compared.flips & (compared.a.ranks == 1))[0])
    shown.links.first.click()
    shown.page.keyboard.press("g")
    shown.figure.control("goto").fill(str(place + 1))
    shown.figure.control("goto").press("Enter")
    shown.page.keyboard.press("Escape")
    tooltip = shown.figure.locator.locator(".tokenviz-tooltip")
    for name, trace in (("one", compared.a), ("two", compared.b)):
        said = f"{float(np.exp(trace.logprobs[place])):#.4g}"
        expect(tooltip).to_contain_text(f"{said} ({name})")
    first = compared.b.alternatives[place][0]
    expect(tooltip).to_contain_text("likeliest in b")
    expect(tooltip).to_contain_text(first.token.label)


def test_threshold_flag_and_span_as_of_a_trace(
    offline: OfflinePages, compared: tv.Comparison, tmp_path: Path
) -> None:
    """By the panel, the keys and the mouse, and its caption says what a picture's does."""
    figure = compared.show()
    shown = Page(offline.open(figure.save(tmp_path / "compared.html")))
    live = shown.figure.locator.locator(".tokenviz-live")

    def same() -> None:
        said = " · ".join([figure.caption, *legend(figure.drawn, figure)])
        expect(shown.root.locator(".tokenviz-caption")).to_have_text(said)

    same()
    shown.figure.viewport.press("e")  # leads to where it is set
    expect(shown.figure.control("threshold")).to_be_focused()
    shown.figure.type("threshold", -1)
    shown.figure.control("beyond").select_option("below")
    figure.threshold, figure.beyond = -1, "below"
    same()
    beyond = figure.positions_beyond
    assert 2 < len(beyond) < N
    expect(shown.figure.control("beyond-count")).to_contain_text(f"{len(beyond)} of 129 tokens")
    for place in (beyond[0], beyond[1]):
        shown.figure.viewport.press("e")
        expect(live).to_contain_text(f"position {place + 1},")
    shown.figure.viewport.press("Shift+E")
    expect(live).to_contain_text(f"position {beyond[0] + 1},")

    assert shown.state("flag") == "flip"
    shown.figure.control("flag").select_option(label="None")
    figure.flag = None
    same()
    shown.figure.control("span-first").fill("12")
    shown.figure.control("span-last").fill("15")
    shown.figure.control("span-last").press("Enter")
    figure.span = (11, 15)
    same()
    expect(shown.root.locator(".tokenviz-caption")).to_contain_text(", in b −")
    shown.figure.viewport.press("Shift+ArrowRight")
    assert shown.state("span") == [11, 16]
    shown.opened.assert_quiet()


def test_who_chooses_what_is_written_sees_it(shown: Page) -> None:
    shown.figure.control("toggle").click()
    shown.figure.control("written").select_option("JS")
    expect(shown.root.locator('[data-tokenviz-control="pair"]')).to_have_value("")
    expect(shown.root.locator(".tokenviz-caption")).to_contain_text("written: JS")
    expect(shown.root.locator(".tokenviz-caption")).not_to_contain_text("a over b")
    shown.root.locator('[data-tokenviz-control="pair"]').select_option("surprisal")
    expect(shown.root.locator(".tokenviz-caption")).to_contain_text("surprisals, a over b")


def test_two_that_say_the_same_have_no_places(offline: OfflinePages, tmp_path: Path) -> None:
    a = comparison().a
    page = Page(offline.open(tv.compare(a, a).show().save(tmp_path / "same.html")))
    assert page.starts() == []
    nothing = page.root.locator(".tokenviz-comparison-nothing")
    expect(nothing).to_have_text("By Δ log-probability, both are the same everywhere.")
    unknown = tv.Trace(a.tokens, [np.nan] * N)
    path = tv.compare(a, unknown).show().save(tmp_path / "unknown.html")
    page = Page(offline.open(path))
    expect(page.root.locator(".tokenviz-comparison-nothing")).to_have_text(
        "Nothing could be compared."
    )


def test_tokens_are_never_markup(offline: OfflinePages, tmp_path: Path) -> None:
    found = comparison()
    js = np.zeros(N)
    js[7] = 0.5
    hostile = tv.Comparison(found.a, found.b, names=(HOSTILE, "</script>"), js=js)
    page = Page(offline.open(hostile.show(places_by="js").save(tmp_path / "hostile.html")))
    assert page.starts()[0] == 7
    assert "<img src=x" in page.links.first.inner_text().replace("␣", " ")
    assert page.page.evaluate("window.hurt") is None
    assert page.root.locator("img").count() == 0
    page.opened.assert_quiet()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(
    compared: tv.Comparison, offline: OfflinePages, tmp_path: Path, scheme: Any, width: int
) -> None:
    figure = compared.show(show_controls=True, threshold=-2, beyond="below", span=(23, 31))
    path = figure.save(tmp_path / "compared.html")
    page = Page(offline.open(path, color_scheme=scheme, width=width))
    page.links.first.click()
    assert_accessible(page.page, ".tokenviz-comparison")
    inside = page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert inside  # the table scrolls in its own box


def test_spans_of_several_tokens_are_one_box(offline: OfflinePages, tmp_path: Path) -> None:
    a = tv.Trace(["The", " cat", " sat", "."], [-1.0, -2.0, -3.0, -1.0], model="one")
    b = tv.Trace(["The c", "at", " s", "at", "."], [-2.0, -1.5, -3.5, -0.25, -0.5], model="two")
    found = tv.compare(a, b)
    figure = found.show()
    page = Page(offline.open(figure.save(tmp_path / "cut.html")))
    assert page.caption() == " · ".join([figure.caption, *legend(figure.drawn, figure)])
    assert page.starts() == [place.start for place in found.worst()]
    (x, y, width, height), (other, *_) = page.figure.rect((0, 0)), page.figure.rect((1, 0))
    box = page.figure.viewport.bounding_box()
    assert box is not None
    picture = page.figure.picture()
    between = (other + x + width) / 2, page.figure.rect((2, 0))[0] - 1
    level = round(y + height / 2 - box["y"])
    at = [picture.getpixel((round(left - box["x"]), level)) for left in between]
    assert at[0] == page.figure.colors([(0, 0)])[0, 0]
    assert at[1] != at[0]
    page.links.last.click()
    page.figure.locator.locator('[data-tokenviz-control="toggle"]').click()
    for span in ((0, 2), (0, 1), (1, 4), (2, 4)):
        page.figure.control("span-first").fill(str(span[0] + 1))
        page.figure.control("span-last").fill(str(span[1]))
        page.figure.control("span-last").press("Enter")
        figure.span = span
        said = " · ".join([figure.caption, *legend(figure.drawn, figure)])
        expect(page.root.locator(".tokenviz-caption")).to_have_text(said)
    page.opened.assert_quiet()


def test_what_is_saved_with_a_cell_is_live_again(
    compared: tv.Comparison, offline: OfflinePages, tmp_path: Path
) -> None:
    """From the state that stands in a notebook's output, without widgets."""
    output = new_output("display_data", twin(compared.show(places=3, places_by="js")))
    notebook = new_notebook(cells=[new_code_cell("compared", outputs=[output])])
    exporter = TokenvizHTMLExporter()  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(notebook)
    path = tmp_path / "notebook.html"
    path.write_text(html, encoding="utf-8")
    page = Page(offline.open(path))
    assert page.starts() == [place.start for place in compared.worst(3, by="js")]
    page.opened.assert_quiet()


def test_without_scripts_the_table_has_both(
    compared: tv.Comparison, offline: OfflinePages, tmp_path: Path
) -> None:
    path = compared.show().save(tmp_path / "compared.html")
    page = offline.open(path, scripts=False).page
    table = page.locator(".tokenviz-static")
    both = [float(np.exp(trace.logprobs[0])) for trace in (compared.a, compared.b)]
    cell = table.locator("td", has_text=f"{both[0]:.2f}").first
    expect(cell).to_contain_text(f"{both[1]:.2f}")
    places = table.locator("table").nth(1)
    expect(places).to_contain_text("Places furthest apart")
    rows = places.locator("tbody th[scope=row]").all_inner_texts()
    assert [int(row.split()[0]) - 1 for row in rows] == [p.start for p in compared.worst()]
