"""The renderer is one model that figures refer to: opened when one opens, once, whatever comes."""

from __future__ import annotations

import gzip
import json
import re
import threading
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from ipywidgets.embed import dependency_state, embed_data

import tokenviz as tv
from tokenviz.export.state import FigureState
from tokenviz.widget.bundle import Bundle, bundle, static

JS = Path(__file__).parents[2] / "js"
LIMIT = 72_500
"""Bytes, gzipped, of all that the two figures load: what training looks for in a trace (thresholds,
spans, flags, logarithmic scales) and two numbers in a cell take the last four thousand."""


def models() -> dict[str, Any]:
    """What a front end would save now."""
    saved = ipywidgets.Widget.get_manager_state(drop_defaults=False)["state"]
    return json.loads(json.dumps(saved))  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def nothing_open() -> None:
    ipywidgets.Widget.close_all()


@pytest.mark.parametrize("files", [("loader.js", "widget.js"), ("page.js", "tokenviz.css")])
def test_what_the_two_figures_load_stays_small(files: tuple[str, ...]) -> None:
    assert sum(len(gzip.compress(static(name).encode())) for name in files) <= LIMIT


def test_properties_that_are_renamed_are_nobody_elses() -> None:
    (listed,) = re.findall(r"const OWN = `(.*?)`", (JS / "shrink.mjs").read_text(), re.DOTALL)
    names = set(listed.split())
    sources = [path for path in JS.rglob("*.ts") if ".test." not in path.name]
    texts = "\n".join(path.read_text() for path in sources)
    written = re.findall(r"""(["'`])((?:(?!\1)[^\\\n])*)\1""", texts)
    known = [text for _, text in written]
    known += [path.read_text() for path in JS.rglob("*.json")]
    known += [path.read_text() for path in (JS.parent / "src").rglob("*.py")]
    dom = list((JS.parent / "node_modules").glob("@typescript/*/lib/lib.dom.d.ts"))
    assert dom
    known += [path.read_text() for path in dom]
    words = {word for text in known for word in re.findall(r"[A-Za-z_]\w*", text)}
    assert sorted(names & words) == []
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", texts)) == []


def test_ten_figures_hold_the_renderer_once() -> None:
    assert models() == {}
    figures = [source.show() for source in (tv.examples.attribution(), tv.examples.trace()) * 5]
    assert models() == {}  # nothing is open before a figure is
    names = [figure.model_id for figure in figures]
    saved = models()
    assert len(json.dumps(saved)) < 350_000
    (shared,) = [name for name, model in saved.items() if "source" in model["state"]]
    assert list(saved).index(shared) < list(saved).index(names[0])  # a page is told of it first
    for name in names:
        assert saved[name]["state"]["_renderer"] == f"IPY_MODEL_{shared}"
        assert "_css" not in saved[name]["state"]
    text = saved[shared]["state"]["source"]
    assert text == static("widget.js")
    assert json.dumps(saved).count(json.dumps(text)[1:-1]) == 1


def test_a_bundle_outlives_figures_and_comes_back_when_it_was_closed() -> None:
    first = tv.examples.trace().show()
    first.model_id  # noqa: B018
    shared = first._renderer
    first.close()
    assert shared.comm is not None
    ipywidgets.Widget.close_all()
    assert shared.comm is None
    name = shared._model_id
    second = tv.examples.attribution().show()
    second.model_id  # noqa: B018
    assert second._renderer is shared
    assert shared.comm is not None
    assert shared.model_id == name  # what a notebook has saved of it is the same


def test_a_figure_that_is_only_saved_opens_nothing(tmp_path: Any) -> None:
    tv.examples.trace().show().save(tmp_path / "trace.html")
    assert models() == {}


def test_a_bundle_goes_by_its_text() -> None:
    core = Bundle("export default {}")
    again = Bundle("export default {}")
    assert core._model_id == again._model_id != Bundle("export default { }")._model_id
    explorer = Bundle("export default core => core.default", core)
    assert explorer.sources == ["export default {}", "export default core => core.default"]
    assert explorer._model_id != Bundle(explorer.source)._model_id
    assert explorer.get_state("base") == {"base": f"IPY_MODEL_{core.model_id}"}
    assert "export" not in repr(core)
    assert bundle("widget") is bundle("widget")


def test_figures_of_several_threads_open_one(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    create = ipywidgets.widgets.widget.comm.create_comm

    def slowly(**arguments: Any) -> Any:
        opened.append(arguments["data"]["state"]["_model_name"])
        threading.Event().wait(0.05)
        return create(**arguments)

    monkeypatch.setattr(ipywidgets.widgets.widget.comm, "create_comm", slowly)
    shared = Bundle("export default {}")
    threads = [threading.Thread(target=lambda: shared.model_id) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == ["WidgetModel"]


def test_a_view_that_cannot_find_it_is_told_the_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    for figure in (tv.examples.attribution().show(), tv.examples.trace().show()):
        sent: list[Any] = []
        monkeypatch.setattr(figure, "send", lambda content, told=sent: told.append(content))
        figure._handle_custom_msg({"tokenviz": "sources"}, [])
        figure._handle_custom_msg({"tokenviz": "else"}, [])
        figure._handle_custom_msg("sources", [])
        assert sent == [{"tokenviz": "sources", "sources": [static("widget.js")]}]


def test_a_page_of_ipywidgets_takes_it_along() -> None:
    figure, other = tv.examples.attribution().show(), tv.examples.trace().show()
    other.model_id  # noqa: B018
    saved = dependency_state([figure])
    name, shared = figure.model_id, figure._renderer.model_id
    assert set(saved) == {name, figure.layout.model_id, shared}
    assert saved[name]["state"]["_renderer"] == f"IPY_MODEL_{shared}"
    assert saved[shared]["state"]["source"] == static("widget.js")


@pytest.mark.parametrize("source", [tv.examples.attribution(), tv.examples.trace()], ids=type)
def test_a_page_of_ipywidgets_holds_all_traits(source: Any) -> None:
    """Those that have their default too: anywidget's model in the page knows none of them."""
    figure = source.show()
    for saved in (dependency_state([figure]), embed_data([figure])["manager_state"]["state"]):
        state = saved[figure.model_id]["state"]
        assert state["_kind"] == figure._kind
        assert set(figure.option_names()) < set(state) == set(figure.keys)
        shown = FigureState.from_notebook(saved[figure.model_id])
        assert shown is not None and shown.source == source


def test_a_page_of_ipywidgets_that_comes_too_early_says_so() -> None:
    """It collects what is open, and only then asks for what it is to show."""
    figure = tv.examples.attribution().show()
    with pytest.warns(UserWarning, match=r"lacks its state.*dependency_state"):
        early = embed_data([figure])
    assert early["manager_state"]["state"] == {}
    again = embed_data([figure])
    assert figure.model_id in again["manager_state"]["state"]
    assert early["view_specs"] == again["view_specs"]
