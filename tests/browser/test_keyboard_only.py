"""Every control is reached and used with the keyboard alone, and one sees where one is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import tokenviz as tv
from tests.chromium import OfflinePages
from tests.figure import Figure

_FOCUSED = """() => {
  const e = document.activeElement;
  if (e === document.body) return null;
  const style = getComputedStyle(e);
  const inside = e.closest('.tokenviz-track') ? 'thumb' : style.outlineStyle;
  return {
    name: e.dataset.tokenvizControl ?? (e.matches('.tokenviz-viewport') ? 'viewport' : e.className),
    toolbar: e.closest('[role=toolbar]') !== null,
    ring: inside !== 'none',
    seen: (({ width, height }) => width > 0 && height > 0)(e.getBoundingClientRect()),
  };
}"""


def tour(page: Page) -> list[str]:
    """The controls in the order of the Tab key; in the toolbar, of the arrows."""
    names: list[str] = []
    page.evaluate("document.activeElement.blur()")
    page.mouse.click(0, 0)
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or focused["name"] in names:
            return names
        stops = [focused]
        if focused["toolbar"]:
            page.keyboard.press("Home")
            stops = [page.evaluate(_FOCUSED)]
            while True:
                page.keyboard.press("ArrowRight")
                following = page.evaluate(_FOCUSED)
                if following["name"] == stops[-1]["name"]:
                    break
                stops.append(following)
        for stop in stops:
            assert stop["ring"], f"{stop['name']} does not show that it has the focus"
            assert stop["seen"], f"{stop['name']} cannot be seen"
        names += [stop["name"] for stop in stops]
    raise AssertionError(f"the Tab key never leaves the figure: {names}")


def visible_controls(page: Page) -> set[str]:
    """The controls that a mouse could use now, less outputs that only show something."""
    return set(
        page.locator(".tokenviz").evaluate(
            "e => [...e.querySelectorAll('[data-tokenviz-control]')]"
            ".filter(c => !c.disabled && c.checkVisibility() && c.role !== 'status')"
            ".map(c => c.dataset.tokenvizControl)"
        )
    )


def long_trace() -> tv.TokenTrace:
    words = [f" w{i % 700}" for i in range(3000)]
    return tv.Trace(words, np.log(np.linspace(0.01, 1, 3000)).astype(np.float32)).show()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: tv.examples.attribution().show(), id="heatmap"),
        pytest.param(lambda: tv.examples.trace().show(), id="trace"),
        pytest.param(lambda: tv.examples.trace().show(layout="flow"), id="flow"),
        pytest.param(long_trace, id="long"),
    ],
)
def test_tab_and_arrows_reach_every_control(
    make: Any, offline: OfflinePages, tmp_path: Path
) -> None:
    opened = offline.open(make().save(tmp_path / "p.html"))
    page = opened.page
    figure = Figure(page.locator(".tokenviz"))
    closed = tour(page)
    assert set(closed) == visible_controls(page) | {"viewport"}
    assert closed.index("toggle") < closed.index("viewport")
    if figure.control("search").count() > 0:
        figure.viewport.focus()
        page.keyboard.press("/")
        page.keyboard.type("w")
    figure.open_controls()
    everything = tour(page)
    assert len(everything) == len(set(everything))
    assert set(everything) == visible_controls(page) | {"viewport"}
    opened.assert_quiet()


def test_a_colormap_is_chosen_and_the_panel_left(offline: OfflinePages, tmp_path: Path) -> None:
    page = offline.open(tv.examples.attribution().save(tmp_path / "a.html")).page
    figure = Figure(page.locator(".tokenviz"))
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    expect(figure.control("toggle")).to_be_focused()
    page.keyboard.press("Enter")
    expect(figure.panel).to_be_visible()
    page.keyboard.press("Tab")
    expect(figure.control("colormap")).to_be_focused()
    page.keyboard.press("Enter")
    menu = page.get_by_role("listbox", name="Colormap")
    expect(menu).to_be_focused()
    page.keyboard.press("v")
    page.keyboard.press("v")
    option = figure.locator.locator(f"[id='{menu.get_attribute('aria-activedescendant')}']")
    expect(option).to_contain_text("vi")
    name = option.get_attribute("data-tokenviz-colormap")
    page.keyboard.press("Enter")
    expect(figure.control("colormap")).to_contain_text(name or "")
    expect(figure.control("colormap")).to_be_focused()
    page.keyboard.press("Escape")
    expect(figure.panel).to_be_hidden()
    expect(figure.control("toggle")).to_be_focused()


def test_every_control_has_a_name(offline: OfflinePages, tmp_path: Path) -> None:
    """As Chromium computes it: what a screen reader says before the role."""
    for number, widget in enumerate(
        [tv.examples.attribution().show(show_controls=True), long_trace()]
    ):
        page = offline.open(widget.save(tmp_path / f"{number}.html")).page
        figure = Figure(page.locator(".tokenviz"))
        figure.open_controls()
        session = page.context.new_cdp_session(page)
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        roles = {"button", "slider", "spinbutton", "checkbox", "combobox", "textbox", "searchbox"}
        controls = [
            node
            for node in nodes
            if node.get("role", {}).get("value") in roles and not node.get("ignored")
        ]
        assert len(controls) > 12
        nameless = [node for node in controls if not node.get("name", {}).get("value")]
        assert nameless == []
