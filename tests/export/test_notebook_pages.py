"""The export matrix: every way a notebook becomes a page, opened without a network.

Two exporters, notebooks that were executed, saved with and without widget state, or never run, and
the three values of ``tokenviz.options.display``. What is asked of each page is in ``SHOWN``: the
live figure, the table, or at least a message that says what to do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import nbformat
import pytest
from ipywidgets import Widget
from nbconvert.exporters import get_exporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import expect
from traitlets.config import Config

import tokenviz as tv
from tests.chromium import OfflinePages, Opened
from tokenviz.export.html import twin

VIEW = "application/vnd.jupyter.widget-view+json"
MODES = ("both", "widget", "html")

FIGURE = '.tokenviz[data-tokenviz-ready="true"] .tokenviz-canvas'
LIVE, TABLE, NOTE, NOTHING = "live", "table", "note", "nothing"

# (exporter, what became of the notebook) -> what the page shows, by display mode.
SHOWN = {
    ("tokenviz_html", "executed"): {"both": LIVE, "widget": LIVE, "html": LIVE},
    ("tokenviz_html", "with state"): {"both": LIVE, "widget": LIVE, "html": LIVE},
    ("tokenviz_html", "without state"): {"both": LIVE, "widget": NOTE, "html": LIVE},
    # nbconvert's own exporter fetches what draws a widget, so here the widget stays blank.
    ("html", "executed"): {"both": TABLE, "widget": NOTHING, "html": LIVE},
    ("html", "with state"): {"both": TABLE, "widget": NOTHING, "html": LIVE},
    ("html", "without state"): {"both": TABLE, "widget": NOTHING, "html": LIVE},
}


def source_notebook() -> NotebookNode:
    return new_notebook(
        cells=[
            new_markdown_cell("# Both figures\n\nTickets at $5 and $6, no formula: `$x$`."),
            new_code_cell("import tokenviz as tv\nheatmap = tv.examples.attribution().show()"),
            new_code_cell("heatmap"),
            new_code_cell("tv.examples.trace()"),
            new_code_cell("heatmap.title = 'set later'"),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def nbconvert(notebook: Path, *arguments: str, display: str = "both") -> str:
    """Run the command a user runs; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", *arguments, str(notebook)],
        env={**os.environ, "TOKENVIZ_DISPLAY": display},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def convert(notebook: NotebookNode, exporter: str = "tokenviz_html", **options: Any) -> str:
    """The page of a notebook that is already saved, without executing it."""
    html, _ = get_exporter(exporter)(**options).from_notebook_node(notebook)
    return str(html)


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """The notebook as saved after it was run in a display mode, executed once for each mode."""
    folder = tmp_path_factory.mktemp("notebooks")

    def saved(display: str, state: str) -> Path:
        ran = folder / f"{display}.ipynb"
        if not ran.exists():
            source = folder / "source.ipynb"
            nbformat.write(source_notebook(), source)
            nbconvert(source, "--to=notebook", "--execute", f"--output={ran}", display=display)
        if state == "with state":
            return ran
        bare = folder / f"{display} without state.ipynb"
        notebook = nbformat.read(ran, as_version=4)
        notebook.metadata.pop("widgets", None)
        nbformat.write(notebook, bare)
        return bare

    return saved


def assert_shows(opened: Opened, what: str) -> None:
    """Both figures are shown on the page in the way that is asked."""
    page = opened.page
    tables = page.locator(".tokenviz-static table:visible")
    if what == LIVE:
        figures = page.locator(FIGURE)
        expect(figures).to_have_count(2)
        for figure in figures.all():
            expect(figure).to_be_visible()
        expect(tables).to_have_count(0)
    elif what == TABLE:
        expect(tables).to_have_count(2)
        expect(tables.first).to_contain_text("1.3714")
        expect(tables.last).to_contain_text("</think>")
    elif what == NOTE:
        expect(page.locator(".tokenviz-note")).to_have_count(2)
        expect(page.locator(".tokenviz-note").first).to_contain_text("convert with --execute")
    else:
        expect(page.locator("canvas:visible")).to_have_count(0)
        expect(tables).to_have_count(0)


@pytest.mark.parametrize("display", MODES)
@pytest.mark.parametrize(("exporter", "became"), SHOWN)
def test_matrix(
    exporter: str,
    became: str,
    display: str,
    notebooks: Callable[[str, str], Path],
    offline: OfflinePages,
    tmp_path: Path,
) -> None:
    path = tmp_path / "page.html"
    if became == "executed":
        notebook = tmp_path / "source.ipynb"
        nbformat.write(source_notebook(), notebook)
        nbconvert(notebook, "--execute", f"--to={exporter}", f"--output={path}", display=display)
    else:
        saved = nbformat.read(notebooks(display, became), as_version=4)
        path.write_text(convert(saved, exporter), encoding="utf-8")

    opened = offline.open(path)
    assert_shows(opened, SHOWN[exporter, became][display])
    if exporter == "tokenviz_html":
        opened.assert_quiet()
        if display == "both" and became != "without state":  # the state is that of the end
            expect(opened.page.get_by_text("set later").last).to_be_visible()


def test_live_pages_still_have_the_tables_for_readers_without_scripts(
    notebooks: Callable[[str, str], Path], offline: OfflinePages, tmp_path: Path
) -> None:
    notebook = notebooks("both", "with state")
    nbconvert(notebook, "--to=tokenviz_html", f"--output={tmp_path / 'page.html'}")
    opened = offline.open(tmp_path / "page.html", scripts=False)
    assert_shows(opened, TABLE)


def test_a_notebook_that_was_never_run_says_so(offline: OfflinePages, tmp_path: Path) -> None:
    notebook = tmp_path / "source.ipynb"
    nbformat.write(source_notebook(), notebook)
    said = nbconvert(notebook, "--to=tokenviz_html", f"--output={tmp_path / 'page.html'}")
    assert "has not been run" in said
    opened = offline.open(tmp_path / "page.html")
    expect(opened.page.locator(".tokenviz-note")).to_contain_text("convert it with --execute")
    opened.assert_quiet()


def test_figures_in_a_box_are_live(offline: OfflinePages, tmp_path: Path) -> None:
    notebook = source_notebook()
    box = "import ipywidgets\nipywidgets.HBox([heatmap, tv.examples.trace().show()])"
    notebook.cells[2:] = [new_code_cell(box)]
    nbformat.write(notebook, tmp_path / "box.ipynb")
    nbconvert(
        tmp_path / "box.ipynb",
        "--execute",
        "--to=tokenviz_html",
        f"--output={tmp_path / 'page.html'}",
    )
    opened = offline.open(tmp_path / "page.html")
    assert_shows(opened, LIVE)
    opened.assert_quiet()


def notebook_of(*outputs: NotebookNode) -> NotebookNode:
    return new_notebook(cells=[new_code_cell("tokenviz", outputs=list(outputs))])


def view(model_id: str = "gone", text: str = "AttributionHeatmap(…)") -> NotebookNode:
    data = {VIEW: {"model_id": model_id, "version_major": 2}, "text/plain": text}
    return new_output("display_data", data)


def test_only_the_table_was_saved(offline: OfflinePages, tmp_path: Path) -> None:
    """As from an older version, or of data too large for the output to hold the state."""
    table = twin(tv.examples.attribution().show())["text/html"]
    notebook = notebook_of(view(), new_output("display_data", {"text/html": table}))
    (tmp_path / "page.html").write_text(convert(notebook), encoding="utf-8")
    opened = offline.open(tmp_path / "page.html")
    expect(opened.page.locator(".tokenviz-note")).to_contain_text("shown as a table")
    expect(opened.page.locator(".tokenviz-static table")).to_contain_text("1.3714")
    opened.assert_quiet()


def test_damaged_state_leaves_the_table(caplog: pytest.LogCaptureFixture) -> None:
    bundle = twin(tv.examples.attribution().show())
    bundle["application/vnd.tokenviz.figure+json"]["buffers"][0]["base64"] = "AAAA"
    html = convert(notebook_of(view(), new_output("display_data", bundle)))
    assert "shown as a table" in html
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("bundle", ["whole", "damaged", "missing"])
def test_figures_need_no_renderer_from_the_notebook(bundle: str, older: bool) -> None:
    """A page brings its own; and a bundle is no widget that needs a manager."""
    figure = tv.examples.attribution().show()
    figure.model_id  # noqa: B018
    shared, widgets = figure._renderer.model_id, [figure, figure.layout, figure._renderer]
    saved = Widget.get_manager_state(drop_defaults=False, widgets=widgets)
    models = json.loads(json.dumps(saved["state"]))
    if bundle == "missing":
        del models[shared]
    elif bundle == "damaged":
        models[shared] = {"model_name": "WidgetModel", "state": {"source": None}}
    if older:  # each figure held the renderer
        models[figure.model_id]["state"] |= {"_renderer": "export default {}", "_css": "a{}"}
    notebook = notebook_of(view(figure.model_id))
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": saved | {"state": models}
    }
    html = convert(notebook)
    assert html.count('class="tokenviz-figure"') == 1
    assert html.count('<script class="tokenviz-renderer">') == 1
    assert "html-manager" not in html
    assert "export default {}" not in html


def test_widgets_of_other_libraries_are_left_alone() -> None:
    state = {"model_name": "IntSliderModel", "model_module": "@jupyter-widgets/controls",
             "state": {"value": 3}}  # fmt: skip
    bundle = twin(tv.examples.attribution().show())
    notebook = notebook_of(view("slider", "IntSlider(value=3)"), new_output("display_data", bundle))
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {
            "version_major": 2, "version_minor": 0, "state": {"slider": state},
        }
    }  # fmt: skip
    html = convert(notebook)
    assert html.count('class="tokenviz-figure"') == 1
    assert '"model_id": "slider"' in html
    assert "html-manager" in html


def test_a_progress_bar_that_is_done_leaves_nothing_on_a_page() -> None:
    """nbclient keeps the state of closed widgets; a bar that is done is hidden first."""
    source = (
        "import tokenviz as tv\n"
        "lm = tv.load_model()\n"
        "lm.attribute('3 x 4 =', ' 12', method='occlusion', progress=True)\n"
        "lm.generate('3 x 4 =', max_new_tokens=4, progress=True).text"
    )
    notebook = new_notebook(cells=[new_code_cell(source)])
    page = convert(notebook, config=Config(ExecutePreprocessor={"enabled": True}))
    assert "html-manager" not in page and "require.js" not in page
    assert "position/s" not in page and "token/s" not in page


def test_a_progress_bar_that_was_closed_fetches_no_widget_manager() -> None:
    notebook = notebook_of(view("gone", "HBox(…)"))
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {
            "version_major": 2,
            "version_minor": 0,
            "state": {"layout": {"model_name": "LayoutModel", "model_module": "x", "state": {}}},
        }
    }
    page = convert(notebook)
    assert "HBox(…)" not in page and "html-manager" not in page and "require.js" not in page


def test_display_modes_mix_on_one_plain_page(offline: OfflinePages, tmp_path: Path) -> None:
    """A live fragment's style sheet must not hide the table of a widget that cannot run."""
    notebook = tmp_path / "mixed.ipynb"
    source = source_notebook()
    source.cells[3].source = "tv.options.display = 'html'\ntv.examples.trace()"
    nbformat.write(source, notebook)
    nbconvert(notebook, "--to=html", "--execute", f"--output={tmp_path / 'page.html'}")
    opened = offline.open(tmp_path / "page.html")
    expect(opened.page.locator(FIGURE)).to_be_visible()
    expect(opened.page.locator("[data-tokenviz-twin] table")).to_contain_text("1.3714")
    expect(opened.page.locator("[data-tokenviz-twin] table")).to_be_visible()


@pytest.mark.parametrize("media", ["screen", "print"])
def test_a_table_waits_for_the_widget_beside_it_on_screens(
    offline: OfflinePages, tmp_path: Path, media: Literal["screen", "print"]
) -> None:
    path = tmp_path / "twin.html"
    path.write_text(twin(tv.examples.trace().show())["text/html"], encoding="utf-8")
    opened = offline.open(path)
    opened.page.emulate_media(media=media)
    # Whatever its time, a loaded machine's page is not late.
    laid_out = """() => {
      for (const one of document.getAnimations()) { one.pause(); one.currentTime = 100; }
      return document.querySelector("[data-tokenviz-twin]").getBoundingClientRect().height > 100;
    }"""
    assert opened.page.evaluate(laid_out) == (media == "print")
    opened.page.evaluate("() => document.getAnimations().forEach((one) => one.finish())")
    expect(opened.page.locator("[data-tokenviz-twin] table")).to_be_visible()
    height = "() => document.querySelector('[data-tokenviz-twin]').getBoundingClientRect().height"
    assert opened.page.evaluate(height) > 100


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("no formula, but $5 and $6", False),
        ("code `$x$` and `\\begin{a}`", False),
        ("a formula $x^2$", True),
        ("$$\\int f$$", True),
        ("\\begin{align}x\\end{align}", True),
    ],
)
def test_mathjax_is_fetched_only_for_formulas(written: str, wanted: bool) -> None:
    html = convert(new_notebook(cells=[new_markdown_cell(written)]))
    assert ("mathjax" in html.lower()) == wanted


def test_require_js_is_fetched_only_for_outputs_that_use_it() -> None:
    plain = new_output("display_data", {"text/html": "<b>requires</b> nothing"})
    asks = new_output("display_data", {"text/html": "<script>require(['a'])</script>"})
    assert "require.min.js" not in convert(notebook_of(plain))
    assert "require.min.js" in convert(notebook_of(plain, asks))


def test_the_exporter_is_registered_with_a_name_for_jupyterlab_s_menu() -> None:
    assert get_exporter("tokenviz_html").export_from_notebook == "HTML with tokenviz figures"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_follow_the_theme_of_the_page(
    theme: str, offline: OfflinePages, tmp_path: Path
) -> None:
    bundle = twin(tv.examples.attribution().show())
    html = convert(notebook_of(new_output("display_data", bundle)), theme=theme)
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    opened = offline.open(tmp_path / "page.html", color_scheme="dark")
    figure = opened.page.locator(".tokenviz")
    expect(figure).to_have_attribute("data-tokenviz-theme", theme)
