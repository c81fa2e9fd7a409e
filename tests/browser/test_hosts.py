"""Hosts other than JupyterLab, by one that is written here: what the loader finds, asks and styles.

What JupyterLab itself does is in ``test_saved_notebooks.py`` and ``test_life.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ipywidgets import Widget
from playwright.sync_api import Page, expect

import tokenviz as tv
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure, expected_color, reference
from tokenviz.widget.bundle import Bundle, static
from tokenviz.widget.figure import Figure as Widgets

HERE = Path(__file__).parent
READY = ".tokenviz[data-tokenviz-ready=true]"
ANSWER = {"tokenviz": "sources", "sources": [static("widget.js")]}


@pytest.fixture
def opened(offline: OfflinePages, tmp_path: Path) -> Opened:
    """An empty page with a host in it."""
    path = tmp_path / "host.html"
    script = (HERE / "host.js").read_text(encoding="utf-8")
    path.write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>host</title></head>'
        f"<body><script>{script}</script></body></html>",
        encoding="utf-8",
    )
    return offline.open(path)


def saved(*figures: Widgets) -> dict[str, Any]:
    """The state that a notebook keeps of figures and of what they refer to."""
    for figure in figures:
        figure.model_id  # noqa: B018
    widgets = [*figures, *(figure._renderer for figure in figures)]
    state = Widget.get_manager_state(drop_defaults=False, widgets=widgets)["state"]
    return json.loads(json.dumps(state))  # type: ignore[no-any-return]


def as_an_older_version(state: dict[str, Any], figure: Widgets) -> None:
    """Make a figure's state what tokenviz saved before figures shared the renderer."""
    traits = state[figure.model_id]["state"]
    traits["_esm"] = (HERE / "older" / "loader.js").read_text(encoding="utf-8")
    traits["_renderer"] = static("widget.js") + "\n// of another version"
    traits["_css"] = static("tokenviz.css")


def show(page: Page, state: dict[str, Any], names: list[str], **options: Any) -> None:
    """Show models; what became of them is `shown` in the page."""
    of_views = {name: options.pop(name) for name in ("shadow", "late") if name in options}
    page.evaluate(
        "async ([host, names, view]) => { window.hosted = window.host(host); window.shown = [];"
        " for (const name of names) window.shown.push(await window.hosted.show(name, view)); }",
        [{"state": state, **options}, names, of_views],
    )


def assert_drawn(page: Page, count: int = 1) -> None:
    """Figures of the first example are drawn, with their style."""
    figures = page.locator(READY)
    expect(figures).to_have_count(count)
    for locator in figures.all():
        assert locator.evaluate("e => getComputedStyle(e).position") == "relative"
        expect(locator.locator(".tokenviz-help")).to_be_hidden()
        figure = Figure(locator)
        values = reference("attribution")["values"]
        cells = [(7, 0), (0, 2)]
        wanted = {(i, j): expected_color(values[i][j], "RdYlGn", -1, 1, 0) for i, j in cells}
        assert figure.colors(cells) == wanted


def test_figures_share_one_renderer_and_one_style_sheet(opened: Opened) -> None:
    figures = [tv.examples.attribution().show() for _ in range(3)]
    show(opened.page, saved(*figures), [figure.model_id for figure in figures])
    assert_drawn(opened.page, 3)
    assert opened.page.evaluate(
        "() => [document.adoptedStyleSheets.length, document.querySelectorAll('style').length,"
        " globalThis[Symbol.for('tokenviz.renderers')].size]"
    ) == [1, 0, 1]
    opened.assert_quiet()


@pytest.mark.parametrize("late", [False, True])
def test_views_in_shadow_roots_have_their_style(opened: Opened, late: bool) -> None:
    figures = [tv.examples.attribution().show() for _ in range(2)]
    state, names = saved(*figures), [figure.model_id for figure in figures]
    page = opened.page
    show(page, state, names[:1], late=late)
    assert_drawn(page)
    outside = page.locator(READY).screenshot()
    page.evaluate("() => shown[0].outside.remove()")
    show(page, state, names, shadow=True, late=late)
    assert_drawn(page, 2)
    assert page.locator(READY).first.screenshot() == outside
    sheets = "r => r.inside.adoptedStyleSheets[0] === document.adoptedStyleSheets[0]"
    assert page.evaluate(f"() => shown.map({sheets})") == [True, True]
    assert page.evaluate("() => document.adoptedStyleSheets.length") == 1
    opened.assert_quiet()


def test_a_view_in_another_window_has_its_style(opened: Opened) -> None:
    figure = tv.examples.attribution().show()
    page = opened.page
    with page.expect_popup() as popup:
        page.evaluate("() => { window.other = window.open('about:blank', '', 'popup'); }")
    page.evaluate(
        "async ([state, name]) => { window.hosted = window.host({ state });"
        " await hosted.show(name, { parent: window.other.document.body }); }",
        [saved(figure), figure.model_id],
    )
    shown = popup.value.locator(READY)
    expect(shown).to_have_count(1)
    assert shown.evaluate("e => getComputedStyle(e).position") == "relative"
    opened.assert_quiet()


@pytest.mark.parametrize("knows", [None, False])
def test_a_host_without_other_models_asks_the_kernel(opened: Opened, knows: bool | None) -> None:
    figure = tv.examples.attribution().show()
    show(opened.page, saved(figure), [figure.model_id], knows=knows, answers=ANSWER)
    assert_drawn(opened.page)
    assert opened.page.evaluate("() => shown[0].model.sent") == [{"tokenviz": "sources"}]
    opened.assert_quiet()


@pytest.mark.parametrize("damage", [{"source": ""}, {"source": None}, None])
def test_a_damaged_bundle_is_asked_for(opened: Opened, damage: dict[str, Any] | None) -> None:
    figure = tv.examples.attribution().show()
    state = saved(figure)
    shared = state.pop(figure._renderer.model_id)
    if damage is not None:
        state[figure._renderer.model_id] = shared | {"state": shared["state"] | damage}
    show(opened.page, state, [figure.model_id], answers=ANSWER)
    assert_drawn(opened.page)
    opened.assert_quiet()


def test_a_reader_is_told_what_is_missing_until_it_comes(opened: Opened) -> None:
    figure = tv.examples.attribution().show()
    page = opened.page
    show(page, saved(figure), [figure.model_id], knows=False)
    note = page.get_by_text("neither saved here nor sent by a kernel")
    expect(note).to_be_visible(timeout=8_000)
    page.evaluate("answer => shown[0].model.emit('msg:custom', answer, [])", ANSWER)
    assert_drawn(page)
    expect(note).to_have_count(0)
    opened.assert_quiet()


def test_a_view_that_ends_meanwhile_leaves_nothing(opened: Opened) -> None:
    figure = tv.examples.attribution().show()
    page = opened.page
    show(page, saved(figure), [figure.model_id], knows=False)
    page.wait_for_function("() => shown[0].model.sent.length === 1")
    heard = "() => shown[0].model.listeners.map(([name]) => name)"
    assert page.evaluate(heard) == ["destroy", "msg:custom"]
    page.evaluate("() => shown[0].controller.abort()")
    assert page.evaluate(heard) == ["destroy"]
    page.evaluate("answer => shown[0].model.emit('msg:custom', answer, [])", ANSWER)
    expect(page.locator(".tokenviz")).to_have_count(0)
    opened.assert_quiet()


def test_a_trace_that_is_being_written_does_not_wait_for_its_own_message(opened: Opened) -> None:
    """anywidget keeps messages from a model, and in the end the model, until it is initialized."""
    figure = tv.examples.trace().show()
    state = saved(figure)
    state[figure.model_id]["state"]["_live"] = {"running": True, "rate": None, "error": None}
    page = opened.page
    show(page, state, [figure.model_id], knows=False)
    assert page.evaluate("() => shown[0].initialized") < 1_900
    before = page.evaluate("() => shown[0].model.listeners.length")
    page.evaluate("answer => shown[0].model.emit('msg:custom', answer, [])", ANSWER)
    expect(page.locator(READY)).to_have_count(1)
    assert page.evaluate("() => shown[0].model.listeners.length") > before
    opened.assert_quiet()


def test_an_older_version_s_figures_stand_beside(opened: Opened) -> None:
    figures = [tv.examples.attribution().show() for _ in range(4)]
    state = saved(*figures)
    for figure in figures[::2]:
        as_an_older_version(state, figure)
    show(opened.page, state, [figure.model_id for figure in figures])
    assert_drawn(opened.page, 4)
    count = "() => globalThis[Symbol.for('tokenviz.renderers')].size"
    assert opened.page.evaluate(count) == 2
    opened.assert_quiet()


def test_a_closed_figure_is_emptied_and_its_bundle_is_not(opened: Opened) -> None:
    first, second = tv.examples.attribution().show(), tv.examples.attribution().show()
    state, page = saved(first, second), opened.page
    show(page, state, [first.model_id])
    assert_drawn(page)
    page.evaluate("() => { shown[0].controller.abort(); shown[0].model.emit('destroy'); }")
    assert page.evaluate("() => shown[0].model.get('_data')") is None
    shared = first._renderer.model_id
    source = page.evaluate("name => hosted.models.get(name).get('source')", shared)
    assert source == static("widget.js")
    page.evaluate("async (name) => { await hosted.show(name); }", second.model_id)
    assert_drawn(page)
    opened.assert_quiet()


def test_a_bundle_builds_on_another(opened: Opened) -> None:
    """As the next instrument will: it is handed the module of the two figures."""
    figures = [tv.examples.attribution().show() for _ in range(2)]
    framed = Bundle(
        "export default core => ({ ...core.default, render(props) {"
        " props.el.append('framed'); core.default.render(props); } })",
        figures[0]._renderer,
    )
    figures[1]._renderer = framed
    state = saved(*figures) | saved(figures[0])
    show(opened.page, state, [figure.model_id for figure in figures])
    assert_drawn(opened.page, 2)
    expect(opened.page.get_by_text("framed")).to_have_count(1)
    assert opened.page.evaluate("() => document.adoptedStyleSheets.length") == 1
    opened.page.evaluate("async (name) => { await hosted.show(name); }", figures[1].model_id)
    expect(opened.page.get_by_text("framed")).to_have_count(2)
    # Told by a kernel, it is the same.
    answer = {"tokenviz": "sources", "sources": framed.sources}
    show(opened.page, state, [figures[1].model_id], knows=False, answers=answer)
    expect(opened.page.get_by_text("framed")).to_have_count(3)
    count = "() => globalThis[Symbol.for('tokenviz.renderers')].size"
    assert opened.page.evaluate(count) == 2
    opened.assert_quiet()
