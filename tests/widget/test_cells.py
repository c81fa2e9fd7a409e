"""Figures live as long as something shows them: in cells that run again, in boxes, by hand."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import comm
import ipywidgets
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

import tokenviz as tv
from tokenviz.widget.bundle import Bundle
from tokenviz.widget.cells import CELLS

Run = Callable[[str | None, str], None]


def opened() -> int:
    """How many widgets the kernel keeps open, but for the bundle that they share."""
    from ipywidgets.widgets.widget import _instances

    return sum(not isinstance(widget, Bundle) for widget in _instances.values())


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """IPython whose front end names its cells."""
    shell: Any = InteractiveShell.instance()
    monkeypatch.setattr(shell.display_pub, "publish", lambda *_, **__: None)
    monkeypatch.setattr(shell, "get_parent", lambda: shell.message, raising=False)
    monkeypatch.setattr(shell, "message", {}, raising=False)
    shell.user_ns.update(tv=tv, attribution=tv.examples.attribution(), ipywidgets=ipywidgets)
    shell.user_ns.update(display=display)
    yield shell
    shell.reset()


@pytest.fixture
def run(shell: Any) -> Run:
    """Run code as a cell."""

    def cell(name: str | None, code: str) -> None:
        shell.message = {"metadata": {} if name is None else {"cellId": name}}
        shell.run_cell(code, store_history=False, cell_id=name).raise_error()

    return cell


@pytest.mark.parametrize(
    "code",
    ["attribution", "attribution.show()", "tv.examples.trace()", "display(attribution.show())"],
)
def test_a_cell_that_runs_again_leaves_one_figure(run: Run, code: str) -> None:
    before = opened()
    run("a", code)
    after = opened()
    assert after == before + 2  # the figure and its CSS box
    for _ in range(5):
        run("a", code)
        assert opened() == after
    run("a", "None")
    assert opened() == before


def test_closed_figures_are_forgotten(run: Run, shell: Any) -> None:
    run("a", "figure = attribution.show(); display(figure)")
    figure = weakref.ref(shell.user_ns["figure"])
    run("a", "figure = attribution.show(); display(figure)")
    gc.collect()
    assert figure() is None


def test_500_runs_of_a_cell_take_no_memory(
    run: Run, shell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tv.options, "_display", "widget")  # without tables, which take their time
    large = tv.LargeAttribution(np.zeros((40, 40), np.float32))
    shell.user_ns.update(trace=tv.examples.trace(), large=large)

    def taken(runs: int) -> int:
        for _ in range(runs):
            run("a", "display(attribution.show(), trace.show(), large.show())")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start(1)
    try:
        before = taken(50)
        assert taken(500) - before < 500 * 500  # bytes; figures take many thousands
    finally:
        tracemalloc.stop()


def test_a_figure_of_another_cell_stays(run: Run, shell: Any) -> None:
    run("a", "figure = attribution.show(); display(figure)")
    run("b", "display(figure)")
    figure = shell.user_ns["figure"]
    run("a", "None")
    assert figure.comm is not None
    run("b", "None")
    assert figure.comm is None


def test_a_figure_that_is_shown_again_is_not_sent_again(run: Run, shell: Any) -> None:
    run("a", "figure = attribution.show()")
    run("b", "display(figure)")
    connection = shell.user_ns["figure"].comm
    run("b", "display(figure)")
    assert shell.user_ns["figure"].comm is connection is not None


def test_figures_that_other_widgets_hold_stay(run: Run, shell: Any) -> None:
    run("a", "figure = attribution.show(); display(figure)")
    run("b", "box = ipywidgets.VBox([figure])")
    run("a", "None")
    assert shell.user_ns["figure"].comm is not None
    shell.user_ns["box"].close()


def test_cells_without_a_name_close_nothing(run: Run) -> None:
    run(None, "figures = [attribution.show()]; display(*figures)")
    before = opened()
    run(None, "figures.append(attribution.show()); display(*figures)")
    assert opened() == before + 2
    run(None, "for figure in figures: figure.close()")


def test_a_cell_that_fails_closes_what_it_showed_before(run: Run) -> None:
    before = opened()
    run("a", "attribution")
    with pytest.raises(ZeroDivisionError):
        run("a", "1 / 0")
    assert opened() == before


def test_a_figure_that_nobody_shows_is_not_opened() -> None:
    before = opened()
    figure = weakref.ref(tv.examples.attribution().show())
    gc.collect()
    assert figure() is None
    assert opened() == before


def test_a_closed_figure_keeps_its_state_and_opens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    create = comm.create_comm

    def recorded(**arguments: Any) -> Any:
        sent.append(arguments["data"]["state"])
        return create(**arguments)

    monkeypatch.setattr(comm, "create_comm", recorded)
    figure = tv.examples.attribution().show(vmax=3)
    assert sent == []
    name = figure.model_id
    figure.close()
    figure.vmax, figure.selected = 7, (1, 2)
    figure.source = tv.Attribution(np.ones((2, 5), np.float32), ["a", "b"], figure.source.targets)
    figure.close()
    assert figure.model_id == name
    layout, state = sent[-2:]
    assert layout["_model_name"] == "LayoutModel"
    assert (state["vmax"], state["selected"], state["_data"]["values"]["shape"]) == (
        7,
        None,
        [2, 5],
    )
    figure.close()


def test_closed_figures_work_wherever_open_ones_do() -> None:
    figure = tv.examples.trace().show()
    figure.model_id  # noqa: B018
    figure.close()
    bundle, _ = figure._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == figure.model_id
    figure.close()
    box = ipywidgets.VBox([figure])
    assert figure.comm is not None
    assert box.get_state("children")["children"] == [f"IPY_MODEL_{figure.model_id}"]
    figure.close()
    with pytest.warns(UserWarning, match="lacks its state"):
        assert figure.get_view_spec()["model_id"] == figure.model_id
    box.close()
    figure.close()


def test_a_layout_that_is_not_the_figures_own_stays_open() -> None:
    mine = ipywidgets.Layout(width="300px")
    first, second = tv.examples.trace().show(), tv.examples.trace().show()
    third = tv.examples.trace().show()
    first.layout = mine
    third.layout = second.layout
    for figure in (first, second, third):
        figure.model_id  # noqa: B018
    first.close()
    assert mine.comm is not None
    second.close()
    assert third.layout.comm is not None
    third.close()
    mine.close()


def test_nothing_happens_without_ipython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        __import__("sys").modules, "IPython", SimpleNamespace(get_ipython=lambda: None)
    )
    figure = tv.examples.trace().show()
    CELLS.shows(figure)
    figure.close()
