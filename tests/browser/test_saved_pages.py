"""Pages written by ``save``: opened from disk without a network, handled, and looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

import tokenviz as tv
from tests.chromium import OfflinePages, Opened
from tests.figure import Cell, Figure, expected_color, reference


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    tv.examples.attribution().save(folder / "attribution.html")
    tv.examples.trace().save(folder / "trace.html")
    return folder


def open_figure(offline: OfflinePages, path: Path, **options: Any) -> tuple[Opened, Figure]:
    opened = offline.open(path, **options)
    return opened, Figure(opened.page.locator(".tokenviz"))


def attribution_values() -> dict[Cell, float]:
    rows = reference("attribution")["values"]
    return {(i, j): value for i, row in enumerate(rows) for j, value in enumerate(row)}


def trace_values() -> dict[Cell, float]:
    """Probability of each chosen token (slot 0) and of its alternatives."""
    values: dict[Cell, float] = {}
    for i, step in enumerate(reference("trace")["steps"]):
        for slot, candidate in enumerate([step, *step.get("alternatives", [])]):
            values[i, slot] = candidate["probability"]
    return values


def assert_colors(figure: Figure, values: dict[Cell, float], *norm: Any, **more: Any) -> None:
    """Every cell of ``values`` has the colour that the norm gives its value."""
    painted = figure.colors(list(values))
    wrong = {
        cell: (values[cell], painted[cell], wanted)
        for cell in values
        if (wanted := expected_color(values[cell], *norm, **more)) != painted[cell]
    }
    # A probability was stored as the float32 of its logarithm: at the very edge of a table entry
    # the next colour is right too.
    for value, got, _ in list(wrong.values()):
        near = {expected_color(value + d, *norm, **more) for d in (-1e-6, 1e-6)}
        assert got in near, wrong


def test_heatmap_is_recoloured_by_its_controls(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "attribution.html")
    values = attribution_values()
    assert len(values) == 13 * 5
    assert_colors(figure, values, "RdYlGn", -1, 1, 0)

    figure.open_controls()
    figure.drag("vmax", 0.5)  # symmetric: the other end follows
    high = float(figure.control("vmax").input_value())
    assert high == pytest.approx(0.5, abs=0.05)
    assert float(figure.control("vmin").input_value()) == -high
    assert_colors(figure, values, "RdYlGn", -high, high, 0)

    figure.control("symmetric").uncheck()
    figure.type("vmin-number", -0.4)
    figure.type("vmax-number", 1.5)
    assert_colors(figure, values, "RdYlGn", -0.4, 1.5, 0)

    figure.type("gamma-number", 0.5)
    figure.type("center", 0.25)
    assert_colors(figure, values, "RdYlGn", -0.4, 1.5, 0.25, gamma=0.5)

    figure.control("center-on").uncheck()
    figure.control("colormap").click()
    opened.page.locator('[data-tokenviz-colormap="viridis"]').click()
    assert_colors(figure, values, "viridis", -0.4, 1.5, gamma=0.5)

    figure.control("reset").click()
    assert_colors(figure, values, "RdYlGn", -1, 1, 0)
    opened.assert_quiet()


def test_trace_is_recoloured_by_its_controls(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "trace.html")
    values = trace_values()
    assert sum(slot == 0 for _, slot in values) == 97
    assert sum(slot > 0 for _, slot in values) == 32
    assert_colors(figure, values, "Greens", 0, 1)

    figure.open_controls()
    figure.drag("vmin", 0.3)
    low = float(figure.control("vmin").input_value())
    assert low == pytest.approx(0.3, abs=0.05)
    assert_colors(figure, values, "Greens", low, 1)

    figure.type("vmax-number", 0.8)
    assert_colors(figure, values, "Greens", low, 0.8)
    opened.assert_quiet()


def test_trace_is_laid_out_by_its_controls(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "trace.html")
    figure.open_controls()

    def rows() -> int:
        return len({figure.rect((i, 0))[1] for i in range(97)})

    assert rows() == 5
    figure.type("row_length", 10)
    assert rows() == 10
    height = figure.viewport.evaluate("e => e.scrollHeight")
    figure.type("top_k", 0)
    assert figure.viewport.evaluate("e => e.scrollHeight") < height
    opened.assert_quiet()


@pytest.mark.parametrize(
    ("name", "cell", "text"),
    [("attribution", (7, 0), "1.3714"), ("trace", (96, 0), "</think>")],
)
def test_texts_are_drawn_shown_on_hover_and_in_the_table(
    name: str, cell: Cell, text: str, offline: OfflinePages, saved: Path
) -> None:
    opened, figure = open_figure(offline, saved / f"{name}.html")
    page = opened.page
    assert text in (page.locator(".tokenviz-static").text_content() or "")

    x, y, width, height = figure.rect(cell)
    picture = figure.picture()
    box = figure.viewport.bounding_box()
    assert box is not None
    left, top = x - box["x"], y - box["y"]
    inside = np.asarray(picture.crop((int(left + 4), int(top + 4), int(left + width - 4),
                                      int(top + height - 4)))).astype(int)  # fmt: skip
    ground = np.array(figure.colors([cell])[cell])
    inked = (np.abs(inside - ground).max(axis=-1) > 96).sum()
    assert inked > 60, "no text is drawn in the cell"

    page.mouse.move(x + width / 2, y + height / 2)
    expect(page.locator(".tokenviz-tooltip")).to_contain_text(text)
    opened.assert_quiet()


def test_keyboard_moves_selects_and_copies(offline: OfflinePages, saved: Path) -> None:
    opened, figure = open_figure(offline, saved / "attribution.html")
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    figure.viewport.focus()
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    expect(figure.locator.locator(".tokenviz-live")).to_contain_text("1.3714")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+c")
    expect(figure.locator.locator(".tokenviz-live")).to_contain_text("Copied")
    opened.assert_quiet()


@pytest.mark.parametrize("name", ["attribution", "trace"])
def test_table_is_read_where_no_script_runs(name: str, offline: OfflinePages, saved: Path) -> None:
    opened = offline.open(saved / f"{name}.html", scripts=False)
    shown = opened.page.locator(".tokenviz-static table")
    expect(shown).to_be_visible()
    expect(shown).to_contain_text("1.3714" if name == "attribution" else "</think>")
    expect(opened.page.locator(".tokenviz")).to_have_count(0)
    opened.assert_quiet()


@pytest.mark.parametrize("broken", ["throw 1;", "not a script"])
def test_table_is_read_where_the_figure_cannot_be_drawn(
    broken: str, offline: OfflinePages, saved: Path, tmp_path: Path
) -> None:
    html = (saved / "trace.html").read_text(encoding="utf-8")
    before, renderer = html.split('<script class="tokenviz-renderer">')
    script = renderer.split("</script>")[0]
    (tmp_path / "broken.html").write_text(
        f'{before}<script class="tokenviz-renderer">{broken}{script}</script>', encoding="utf-8"
    )
    opened = offline.open(tmp_path / "broken.html")
    assert opened.errors
    expect(opened.page.locator(".tokenviz-static table")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_auto_follows_the_system_and_a_choice_wins(
    scheme: Any, offline: OfflinePages, saved: Path, tmp_path: Path
) -> None:
    _, figure = open_figure(offline, saved / "attribution.html", color_scheme=scheme)
    expect(figure.locator).to_have_attribute("data-tokenviz-theme", scheme)
    for theme in ("light", "dark"):
        tv.examples.attribution().show(theme=theme).save(tmp_path / "fixed.html")
        opened, figure = open_figure(offline, tmp_path / "fixed.html", color_scheme=scheme)
        expect(figure.locator).to_have_attribute("data-tokenviz-theme", theme)
        ground = opened.page.evaluate("getComputedStyle(document.documentElement).colorScheme")
        assert ground == theme, "the page around a fixed theme has the same theme"


def test_saved_page_keeps_the_current_look(offline: OfflinePages, tmp_path: Path) -> None:
    widget = tv.examples.attribution().show(colormap="PuOr", title="A title")
    widget.vmax, widget.vmin, widget.center = 2, -0.5, None
    widget.save(tmp_path / "page.html")
    opened, figure = open_figure(offline, tmp_path / "page.html")
    assert_colors(figure, attribution_values(), "PuOr", -0.5, 2)
    assert opened.page.title() == "A title"
    expect(figure.locator.get_by_text("A title")).to_be_visible()
    opened.assert_quiet()


def test_a_colormap_that_the_bundle_does_not_have(offline: OfflinePages, tmp_path: Path) -> None:
    tv.examples.attribution().show(colormap="crameri:vik").save(tmp_path / "page.html")
    opened, figure = open_figure(offline, tmp_path / "page.html")
    assert_colors(figure, attribution_values(), "crameri:vik", -1, 1, 0)
    opened.assert_quiet()


def test_hostile_text_stays_text(offline: OfflinePages, tmp_path: Path) -> None:
    hostile = [
        "</script><script>throw 1</script>",
        "<img src=https://example.org/x.png onerror='throw 2'>",
        "<!--<script>",
        "\u2028\u202e",
        "&lt;b&gt;",
    ]
    source = tv.Attribution(np.eye(5), hostile, hostile)
    source.show(title=hostile[0], caption=hostile[1], label=hostile[1]).save(tmp_path / "p.html")
    opened, figure = open_figure(offline, tmp_path / "p.html")
    for i in range(5):
        x, y, width, height = figure.rect((i, i))
        opened.page.mouse.move(x + width / 2, y + height / 2)
        expect(opened.page.locator(".tokenviz-tooltip")).to_be_visible()
    assert opened.page.locator("img").count() == 0
    opened.assert_quiet()


@pytest.mark.parametrize("width", [600, 1200])
def test_the_caption_stands_clear_of_the_figure_and_parts_no_fact(
    offline: OfflinePages, tmp_path: Path, width: int
) -> None:
    source = tv.examples.attribution()
    values = source.values.copy()
    values[:, 3:] = np.nan
    interrupted = replace(
        source,
        values=values,
        method="integrated_gradients",
        standard_error=np.full(values.shape, 0.01),
        grouping="word",
        aggregation="sum",
        model="a model of some name",
        partial=True,
        seconds=75,
    )
    caption = interrupted.show().caption
    interrupted.save(tmp_path / "p.html")
    opened, figure = open_figure(offline, tmp_path / "p.html", width=width)
    below = figure.locator.locator(".tokenviz-caption")
    assert below.text_content() == caption
    # A fact that were broken would be a box of two lines.
    facts = [box for box in (f.bounding_box() for f in below.locator("span").all()) if box]
    assert len(facts) == len(caption.split(" · "))
    assert max(box["height"] for box in facts) < 1.5 * min(box["height"] for box in facts)
    key, text = (
        figure.locator.locator(part).bounding_box()
        for part in (".tokenviz-nan-key", ".tokenviz-caption")
    )
    assert key is not None and text is not None
    assert key["y"] + key["height"] <= text["y"]
    opened.assert_quiet()


def test_the_same_figure_twice_on_a_page(offline: OfflinePages, tmp_path: Path) -> None:
    from tokenviz.export.html import fragment, page

    widget = tv.examples.attribution().show()
    html = page([fragment(widget, with_script=False)] * 2, "twice")
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    opened = offline.open(tmp_path / "page.html")
    first, second = (Figure(opened.page.locator(".tokenviz").nth(i)) for i in range(2))
    first.open_controls()
    first.type("vmax-number", 0.5)
    assert_colors(first, attribution_values(), "RdYlGn", -0.5, 0.5, 0)
    assert_colors(second, attribution_values(), "RdYlGn", -1, 1, 0)
    opened.assert_quiet()


def test_a_figure_in_a_hidden_parent_appears_with_it(offline: OfflinePages, tmp_path: Path) -> None:
    from tokenviz.export.html import fragment, page

    figure = fragment(tv.examples.attribution().show(), with_script=False)
    html = page([f"<details><summary>more</summary>{figure}</details>"], "hidden")
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    opened = offline.open(tmp_path / "page.html")
    opened.page.get_by_text("more").click()
    assert_colors(
        Figure(opened.page.locator(".tokenviz")), attribution_values(), "RdYlGn", -1, 1, 0
    )
    opened.assert_quiet()
