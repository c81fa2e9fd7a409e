"""quickstart.ipynb in a real JupyterLab: the widgets live, and Python and browser agree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client import BlockingKernelClient  # type: ignore[attr-defined]
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import Browser, Page, expect

import tokenviz as tv
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure, expected_color, reference
from tests.jupyterlab import (
    FIGURES,
    RUN_TIME,
    JupyterLab,
    command,
    evaluate,
    execute,
    wait_for,
)
from tokenviz.export.html import twin

NOTEBOOK = Path(__file__).parents[2] / "notebooks/quickstart.ipynb"
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as server:
        shutil.copy(NOTEBOOK, server.root)
        yield server


@pytest.fixture(scope="module")
def opened(lab: JupyterLab, browser: Browser) -> Iterator[Opened]:
    """The notebook, open and run from top to bottom."""
    with OfflinePages(browser) as pages:
        opened = pages.open(lab.url("quickstart.ipynb"), width=1500, height=1000)
        command(opened.page, "notebook:run-all-cells")
        expect(opened.page.locator(FIGURES)).to_have_count(8, timeout=RUN_TIME)
        wait_until_idle(opened.page)
        yield opened


@pytest.fixture(scope="module")
def kernel(lab: JupyterLab, opened: Opened) -> Iterator[BlockingKernelClient]:
    """Python on the kernel that the notebook runs on."""
    with lab.kernel() as client:
        yield client


def wait_until_idle(page: Page) -> None:
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-InputPrompt')]"
        ".every(prompt => !prompt.textContent.includes('*'))",
        timeout=RUN_TIME,
    )


def figure(opened: Opened, number: int) -> Figure:
    """A figure of the notebook, scrolled into view."""
    locator = opened.page.locator(FIGURES).nth(number)
    locator.scroll_into_view_if_needed()
    return Figure(locator)


def test_both_widgets_appear_and_their_tables_step_aside(opened: Opened) -> None:
    kinds = []
    for locator in opened.page.locator(FIGURES).all():
        locator.scroll_into_view_if_needed()
        kinds.append(locator.get_attribute("data-tokenviz-kind"))
    explorer = [None, "trace"]  # a trace, and around it what can be asked
    assert kinds == ["heatmap", "trace", "trace", "heatmap", "heatmap", *explorer, "heatmap"]
    tables = opened.page.locator("[data-tokenviz-twin]")
    expect(tables).to_have_count(7)
    assert not any(table.is_visible() for table in tables.all())
    assert opened.page.locator(".jp-RenderedText[data-mime-type*=stderr]").all_inner_texts() == []
    opened.assert_quiet()


def test_slider_moved_in_the_browser_is_read_in_python(
    opened: Opened, kernel: BlockingKernelClient
) -> None:
    assert evaluate(kernel, "(heatmap.vmin, heatmap.vmax)") == "(-1.0, 1.0)"
    heatmap = figure(opened, 0)
    heatmap.open_controls()
    heatmap.drag("vmax", 0.5)
    high = float(heatmap.control("vmax").input_value())
    assert 0.4 < high < 0.6
    wait_for(kernel, "(heatmap.vmin, heatmap.vmax)", repr((-high, high)))


def test_cell_selected_in_the_browser_is_read_in_python(
    opened: Opened, kernel: BlockingKernelClient
) -> None:
    heatmap = figure(opened, 0)
    x, y, width, height = heatmap.rect((2, 3))
    opened.page.mouse.click(x + width / 2, y + height / 2)
    wait_for(kernel, "heatmap.selected", "(2, 3)")


def test_trait_set_in_python_recolours_the_picture(
    opened: Opened, kernel: BlockingKernelClient
) -> None:
    execute(kernel, "heatmap.colormap, heatmap.vmin, heatmap.vmax = 'PuOr', -2, 2")
    heatmap = figure(opened, 0)
    value = reference("attribution")["values"][7][0]
    wanted = expected_color(value, "PuOr", -2, 2, 0)
    opened.page.wait_for_function(
        "([root, wanted]) => String(root.tokenvizFigure.colorAt([7, 0])) === String(wanted)",
        arg=[heatmap.locator.element_handle(), list(wanted)],
    )
    assert heatmap.colors([(7, 0)]) == {(7, 0): wanted}


def test_keys_typed_into_a_trace_are_no_commands_of_the_notebook(
    opened: Opened, kernel: BlockingKernelClient
) -> None:
    page = opened.page
    trace = figure(opened, 1)
    cells = page.locator(".jp-NotebookPanel .jp-Cell").count()
    x, y, width, height = trace.rect((2, 0))
    page.mouse.click(x + width / 2, y + height / 2)
    page.keyboard.press("Control+f")  # else JupyterLab's own search
    expect(trace.control("search-text")).to_be_focused()
    page.keyboard.type("bad")  # in command mode: a cell below, one above, one deleted
    page.keyboard.press("Control+a")
    page.keyboard.type("numbers")
    expect(trace.control("search-count")).to_have_text("1 of 1")
    page.keyboard.press("Escape")
    expect(trace.viewport).to_be_focused()
    page.keyboard.press("u")
    assert page.locator(".jp-NotebookPanel .jp-Cell").count() == cells
    trace.open_controls()
    trace.control("arrangement").select_option("flow")
    widgets = "__import__('ipywidgets').widgets.widget._instances.values()"
    flowing = f"sum(getattr(w, 'arrangement', '') == 'flow' for w in {widgets})"
    wait_for(kernel, flowing, "1")
    opened.assert_quiet()


def test_two_views_of_one_widget_stay_in_step(opened: Opened, kernel: BlockingKernelClient) -> None:
    first, second = figure(opened, 3), figure(opened, 7)
    second.open_controls()
    second.type("vmax-number", 7)
    wait_for(kernel, "why_map.vmax", "7.0")
    first.open_controls()
    expect(first.control("vmax-number")).to_have_value("7")
    cells = [(i, j) for i in range(4) for j in range(5)]
    assert first.colors(cells) == second.colors(cells)
    execute(kernel, "why_map.colormap = 'viridis'")
    expect(first.control("colormap")).to_contain_text("viridis")
    expect(second.control("colormap")).to_contain_text("viridis")
    assert first.colors(cells) == second.colors(cells)


def test_page_reload_with_a_live_kernel_restores_the_figures(
    opened: Opened, kernel: BlockingKernelClient
) -> None:
    execute(kernel, "heatmap.colormap = 'cividis'; heatmap.vmin, heatmap.vmax = -1, 1")
    page = opened.page
    command(page, "docmanager:save")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.reload()
    # Six figures, and an explorer, which is one around another.
    expect(page.locator(FIGURES)).to_have_count(8, timeout=60_000)
    heatmap = figure(opened, 0)
    values = reference("attribution")["values"]
    wanted = {
        (i, j): expected_color(value, "cividis", -1, 1, 0)
        for i, row in enumerate(values)
        for j, value in enumerate(row)
    }
    assert heatmap.colors(list(wanted)) == wanted
    heatmap.open_controls()
    heatmap.type("vmax-number", 3)
    wait_for(kernel, "heatmap.vmax", "3.0")


def test_dark_theme_of_jupyterlab_is_followed(opened: Opened) -> None:
    page = opened.page
    expect(figure(opened, 0).locator).to_have_attribute("data-tokenviz-theme", "light")
    page.evaluate(
        "() => { window.jupyterapp.commands.execute("
        "'apputils:change-theme', {theme: 'JupyterLab Dark'}); }"
    )
    expect(figure(opened, 0).locator).to_have_attribute("data-tokenviz-theme", "dark")


def test_reopened_untrusted_notebook_shows_the_tables(
    lab: JupyterLab, offline: OfflinePages
) -> None:
    """Nothing in it may run, and no kernel knows its widgets."""
    outputs = []
    for source in (tv.examples.attribution(), tv.examples.trace()):
        view = {"model_id": "of a kernel long gone", "version_major": 2, "version_minor": 0}
        plain = {VIEW: view, "text/plain": repr(source)}
        outputs += [
            new_output("display_data", plain),
            new_output("display_data", twin(source.show())),
        ]
    notebook = new_notebook(cells=[new_code_cell("figures", outputs=outputs, execution_count=1)])
    nbformat.write(notebook, lab.root / "reopened.ipynb")

    opened = offline.open(lab.url("reopened.ipynb"), width=1500, height=1000)
    tables = opened.page.locator(".jp-OutputArea table:visible")
    expect(tables).to_have_count(2, timeout=60_000)
    expect(tables.first).to_contain_text("1.3714")
    expect(tables.last).to_contain_text("</think>")
    expect(opened.page.locator(FIGURES)).to_have_count(0)
    cell = tables.first.get_by_role("cell", name="1.3714")
    assert cell.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(0, 104, 55)"
    assert opened.outside == []
