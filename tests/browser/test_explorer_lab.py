"""An explorer in a real JupyterLab: read, ask why, ask what if, find back; by mouse and by keys.

The numbers are compared with those of the same model in this process, asked without an explorer.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.browser.exploring import (
    EXPLORERS,
    PATIENCE,
    PROMPT,
    Exploring,
    Reference,
    Way,
    act,
    arrange,
    assert_listed,
    assert_painted,
    by_mouse_and_keys,
    go_to,
    rename,
)
from tests.browser.test_live import Session, Wire
from tests.chromium import OfflinePages
from tests.jupyterlab import RUN_TIME, JupyterLab, command, evaluate, execute, wait_for
from tokenviz.model.language_model import LanguageModel

HOSTILE = '<img src=x onerror="window.hurt=1">$x$\u202e'

SETUP = f"""
import json, time
import tokenviz as tv
from ipywidgets import Widget
lm = tv.load_model()
PROMPT = {PROMPT!r}
written = lm.generate(PROMPT, max_new_tokens=24)
heard = []

def fresh(source=None, model=lm, **traits):
    \"\"\"An explorer of a text that is there, which notes what its views ask for.\"\"\"
    made = tv.Explorer(
        model, source or written, options=dict(max_new_tokens=8), **dict(min_probability=0) | traits
    )
    hear = made._requests.hear
    made._requests.hear = lambda asked, said: heard.append(said) or hear(asked, said)
    heard.clear()
    return made

def slow(made, seconds):
    \"\"\"Have its questions take some time, in which others can come.\"\"\"
    why = made._session.model.why
    made._session.model.why = lambda *asked: time.sleep(seconds) or why(*asked)
    return made

def sources():
    return [w for w in Widget.widgets.values() if type(w).__name__ == "Bundle"]
"""


class Lab(Session):
    """A notebook, and Python on both of its sides."""

    lm: LanguageModel
    root: Path

    def show(self, code: str = "explorer = fresh()\nexplorer") -> Exploring:
        """Run code in a new cell; gives the explorer that it shows."""
        shown = self.run(code).and_(self.page.locator(EXPLORERS))
        expect(shown).to_have_count(1, timeout=PATIENCE)
        shown.scroll_into_view_if_needed()
        return Exploring(shown)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the kernel, by way of JSON."""
        return json.loads(ast.literal_eval(evaluate(self.kernel, f"json.dumps({expression})")))

    @property
    def tree(self) -> tv.TraceTree:
        """The tree of ``explorer`` as the kernel saves it."""
        execute(self.kernel, "_ = explorer.tree.save('tree.npz')")
        tree = tv.load(self.root / "tree.npz")
        assert isinstance(tree, tv.TraceTree)
        return tree

    @property
    def reference(self) -> Reference:
        return Reference(self.lm, self.tree)

    @property
    def asked(self) -> list[str]:
        """What the views of ``explorer`` have asked for."""
        return [each["tokenviz"] for each in self.ask("heard")]

    def wait_for(self, expression: str, wanted: Any) -> None:
        wait_for(self.kernel, expression, repr(wanted))

    def execute(self, code: str) -> None:
        execute(self.kernel, code)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Lab]:
    with JupyterLab(tmp_path_factory.mktemp("lab")) as server, OfflinePages(browser) as pages:
        server.write("explorer.ipynb", SETUP, "")
        opened = pages.open("about:blank", width=1500, height=1200)
        wire = Wire(opened.page)
        opened.page.goto(server.url("explorer.ipynb"))
        command(opened.page, "notebook:run-all-cells")
        expect(opened.page.locator(".jp-InputPrompt").first).to_have_text("[1]:", timeout=RUN_TIME)
        with server.kernel() as kernel:
            wait_for(kernel, "'sources' in globals()", "True")
            session = Lab(opened, wire, kernel)
            session.lm, session.root = tv.load_model(), server.root
            yield session


def test_figures_of_the_other_kinds_do_not_load_it(lab: Lab) -> None:
    """The first test: nothing else has opened the explorer's source here yet."""
    expect(lab.run("display(tv.examples.attribution(), tv.examples.trace())")).to_have_count(2)
    assert evaluate(lab.kernel, "len(sources())") == "1"
    explorer = lab.show()
    assert evaluate(lab.kernel, "len(sources())") == "2"
    assert explorer.text == [
        token.label for token in (*lab.tree.prompt, *lab.tree.branches[0].trace.tokens)
    ]
    lab.opened.assert_quiet()


@by_mouse_and_keys
def test_an_answer_streams_in_and_stops(way: Way, lab: Lab) -> None:
    # It must not come to its end before it is stopped, however busy the machine is.
    explorer = lab.show(
        "def slowly(step):\n"
        "    time.sleep(0.05 if step.position < 12 else 1)\n\n"
        "explorer = lm.explore(PROMPT, max_new_tokens=400, on_token=slowly)\n"
        "explorer"
    )
    explorer.wait_for("e.tree.branches[0].run.index.length > 5")
    expect(explorer.figure.locator(".tokenviz-status")).to_contain_text("tokens/s")
    expect(explorer.item(0)).to_contain_text("writing…")
    # What is there can be asked about meanwhile.
    explorer.click(1)
    explorer.settle()
    assert explorer.answer is not None
    if way == "mouse":
        explorer.drag(-9, -8)
    else:
        explorer.choose(-9)
        explorer.press("Shift+ArrowRight")
    act(explorer, way, "delete", "Delete")
    explorer.wait_for("e.tree.outcomes.length === 1")
    explorer.settle()
    changes = explorer.answer
    assert changes is not None
    if way == "mouse":
        explorer.control("stop").click()
    else:
        explorer.control("stop").focus()
        explorer.press("Enter")
    explorer.wait_until_written()
    lab.wait_for("explorer.running", False)
    path = lab.tree.path(0)
    assert path.partial and 5 < len(path) < 400
    assert explorer.text == [token.label for token in (*path.prompt, *path.tokens)]
    assert path.tokens == lab.lm.generate(PROMPT, max_new_tokens=len(path)).tokens
    expect(explorer.item(0)).to_contain_text("stopped")
    # What the change did is said of the tokens that there were.
    scored = len(lab.tree.outcomes[0].trace)
    assert 5 < scored <= len(path)
    first = slice(explorer.given, explorer.given + 6)
    np.testing.assert_allclose(changes[first], lab.reference.change(6, 8)[:6], atol=1e-4)
    explorer.click(1)
    assert_painted(explorer, lab.reference.why(1))
    lab.opened.assert_quiet()


@by_mouse_and_keys
def test_why(way: Way, lab: Lab) -> None:
    explorer = lab.show()
    reference = lab.reference
    if way == "mouse":
        explorer.click(2)
    else:
        explorer.choose(2)
    assert_painted(explorer, reference.why(2))
    assert_listed(explorer, explorer.text)
    expect(explorer.caption).to_contain_text("method: removal · score: log odds")
    lab.wait_for("explorer._view['selected']", [2, 0])
    # An alternative that is none of the text's tokens, and the token rather than it.
    if way == "mouse":
        explorer.click(5, 1)
    else:
        explorer.choose(5, 1)
    assert_painted(explorer, reference.why(5, slot=1))
    if way == "mouse":
        explorer.click(5, 0)
        explorer.click(5, 1, shift=True)
    else:
        explorer.choose(5)
        explorer.walk(5, 1)
        explorer.press("x")
    assert_painted(explorer, reference.why(5, instead_of=1))
    lab.wait_for("explorer._view['against']", 1)
    # Several tokens.
    if way == "mouse":
        explorer.drag(1, 3)
    else:
        explorer.choose(1)
        # The answer to the first comes between.
        explorer.press("Shift+ArrowRight")
        explorer.settle()
        explorer.press("Shift+ArrowRight")
    assert_painted(explorer, reference.why(1, 4))
    lab.wait_for("explorer._view['span']", [1, 4])
    spans = {(a.question.start, a.question.stop) for a in lab.tree.answers}
    assert {(2, 3), (5, 6), (1, 4)} <= spans
    # Asked once, it is painted without the kernel, which is busy now.
    before = lab.asked
    if way == "mouse":
        explorer.click(2)
    else:
        explorer.choose(2)
    assert_painted(explorer, reference.why(2))
    assert lab.asked == before
    lab.opened.assert_quiet()


def test_a_word_and_a_sentence(lab: Lab) -> None:
    explorer = lab.show()
    explorer.click(2, times=2)
    assert_painted(explorer, lab.reference.why(1, 4))
    explorer.click(9, times=3)
    assert_painted(explorer, lab.reference.why(5, 24))
    lab.wait_for("explorer._view['span']", [5, 24])


def test_of_quick_questions_the_last_wins(lab: Lab) -> None:
    explorer = lab.show("explorer = slow(fresh(), 0.5)\nexplorer")
    for position in (20, 21, 22, 23, 19, 18):
        explorer.click(position)
    assert_painted(explorer, lab.reference.why(18))
    lab.wait_for("explorer._view['selected']", [18, 0])
    answered = {answer.question.start for answer in lab.tree.answers}
    assert 18 in answered and len(answered) < 6
    # One that was dropped is asked again when it is chosen again.
    dropped = ({20, 21, 22, 23, 19} - answered).pop()
    explorer.click(dropped)
    assert_painted(explorer, lab.reference.why(dropped))


@by_mouse_and_keys
@pytest.mark.parametrize("arrangement", ["grid", "flow"])
def test_going_on_from_what_was_not_said(arrangement: str, way: Way, lab: Lab) -> None:
    explorer = lab.show(f"explorer = fresh(arrangement={arrangement!r})\nexplorer")
    if way == "mouse":
        explorer.click(1, 2)
        explorer.settle()
        explorer.control("go").click()
    else:
        explorer.choose(1, 2)
        explorer.settle()
        explorer.press("Enter")
    explorer.wait_for_branches(2)
    lab.wait_for("explorer.running", False)
    tree = lab.tree
    assert (tree.branches[1].parent, tree.branches[1].position) == (0, 1)
    reference = lab.reference
    other = reference.in_slot(0, 1, 2)
    expected = lab.lm.generate([*reference.ids(0, 1), other], max_new_tokens=8)
    assert tree.path(1).tokens[1].id == other and tree.path(1).tokens[2:] == expected.tokens
    lab.wait_for("explorer.current", 1)
    path = tree.path(1)
    assert explorer.text == [token.label for token in (*path.prompt, *path.tokens)]
    # Questions on the branch are its own.
    if way == "mouse":
        explorer.click(4)
    else:
        explorer.choose(4)
    assert_painted(explorer, reference.why(4, branch=1))
    lab.opened.assert_quiet()


@by_mouse_and_keys
def test_typing_what_stands_there_instead(way: Way, lab: Lab) -> None:
    explorer = lab.show()
    if way == "mouse":
        explorer.click(5)
        explorer.control("type").click()
        explorer.control("typed").fill("So it is")
        explorer.control("typed-go").click()
    else:
        explorer.choose(5)
        explorer.press("t")
        lab.page.keyboard.type("So it is")
        explorer.press("Enter")
    explorer.wait_for_branches(2)
    lab.wait_for("explorer.running", False)
    tree, reference = lab.tree, lab.reference
    path = tree.path(1)
    typed = lab.lm.encode("So it is").tolist()
    assert [token.id for token in path.tokens[5 : 5 + len(typed)]] == typed
    ids = [*reference.ids(0, 5), *typed]
    assert path.tokens[5 + len(typed) :] == lab.lm.generate(ids, max_new_tokens=8).tokens
    assert tree.branches[1].origin.text == "So it is"
    # The field is closed and the keys are back on the text.
    expect(explorer.control("typed")).to_be_hidden()
    expect(explorer.viewport).to_be_focused()
    lab.opened.assert_quiet()


@by_mouse_and_keys
def test_without_with_muted_and_with_other_tokens_of_the_prompt(way: Way, lab: Lab) -> None:
    explorer = lab.show()

    def select() -> None:
        if way == "mouse":
            explorer.drag(-9, -8)
        else:
            explorer.choose(-9)
            explorer.press("Shift+ArrowRight")
        assert explorer.view["span"] == [-9, -7]

    select()
    act(explorer, way, "delete", "Delete")
    explorer.wait_for("e.tree.outcomes.length === 1")
    changes = lab.reference.change(6, 8)
    assert_painted(explorer, changes, explorer.given)
    assert_listed(explorer, explorer.text)
    lab.wait_for("explorer._view['outcome']", 0)
    np.testing.assert_allclose(
        lab.tree.outcomes[0].trace.logprobs - lab.tree.path(0).logprobs, changes, atol=1e-4
    )
    select()
    act(explorer, way, "mute", "m")
    explorer.wait_for("e.tree.outcomes.length === 2")
    muted = lab.tree.outcomes[1]
    assert muted.change.how == "mute"
    assert_painted(explorer, muted.trace.logprobs - lab.tree.path(0).logprobs, explorer.given)
    select()
    act(explorer, way, "replace", "r")
    explorer.control("typed").fill("99")
    if way == "mouse":
        explorer.control("typed-go").click()
    else:
        explorer.press("Enter")
    explorer.wait_for("e.tree.outcomes.length === 3")
    assert_painted(explorer, lab.reference.change(6, 8, "99"), explorer.given)
    expect(explorer.heading).to_contain_text("‘99’ instead of ‘43’")
    lab.opened.assert_quiet()


def branched(lab: Lab) -> Exploring:
    """An explorer of three branches; the first is on show."""
    return lab.show(
        "explorer = fresh()\n"
        "for slot in (1, 2): explorer.current = 0; explorer.branch(1, slot); explorer.wait()\n"
        "explorer.current = 0\n"
        "explorer"
    )


@by_mouse_and_keys
def test_where_one_is(way: Way, lab: Lab) -> None:
    explorer = branched(lab)
    assert explorer.branch_count == 3
    for branch in (2, 1):
        go_to(explorer, way, branch)
        lab.wait_for("explorer.current", branch)
        path = lab.tree.path(branch)
        assert explorer.text == [token.label for token in (*path.prompt, *path.tokens)]
    rename(explorer, way, 2, "mine")
    lab.wait_for("explorer.tree.branches[2].name", "mine")
    explorer.viewport.focus()
    act(explorer, way, "undo", "Control+z")
    expect(explorer.item(2)).not_to_contain_text("mine")
    lab.wait_for("'mine' in explorer.tree.branches[2].name", False)
    act(explorer, way, "redo", "Control+Shift+Z")
    lab.wait_for("explorer.tree.branches[2].name", "mine")
    current = explorer.view["current"]
    act(explorer, way, "back", "Alt+ArrowLeft")
    assert explorer.view["current"] != current
    lab.wait_for("explorer.current", explorer.view["current"])
    act(explorer, way, "forward", "Alt+ArrowRight")
    lab.wait_for("explorer.current", current)
    # A branch whose making is undone is set aside, and can be walked to.
    for _ in range(2):
        act(explorer, way, "undo", "Control+z")
    expect(explorer.item(2)).to_contain_text("set aside")
    lab.wait_for("len(explorer.tree)", 3)
    go_to(explorer, way, 2)
    lab.wait_for("explorer.current", 2)
    go_to(explorer, way, 0)
    if way == "mouse":
        explorer.item(1).focus()
        explorer.control("beside").click()
    else:
        explorer.item(0).focus()
        explorer.press("ArrowDown", "c")
    expect(explorer.beside).to_be_visible()
    lab.wait_for("explorer._view['beside']", 1)
    lab.opened.assert_quiet()


def test_what_python_does_is_seen(lab: Lab) -> None:
    explorer = lab.show()
    lab.execute("_ = explorer.why(2)")
    explorer.wait_for("e.answer !== null")
    assert explorer.view["selected"] == [2, 0]
    assert_painted(explorer, lab.reference.why(2))
    lab.execute("_ = explorer.why(span=(1, 4))")
    explorer.wait_for("e.view.span !== null")
    assert_painted(explorer, lab.reference.why(1, 4))
    lab.execute("_ = explorer.why(5, 0, instead_of=1)")
    explorer.wait_for("e.view.against === 1")
    assert_painted(explorer, lab.reference.why(5, instead_of=1))
    lab.execute("_ = explorer.without((6, 8))")
    explorer.wait_for("e.view.outcome === 0")
    assert_painted(explorer, lab.reference.change(6, 8), explorer.given)
    lab.execute("explorer.branch(3, ' or', name='typed'); explorer.wait()")
    explorer.wait_for_branches(2)
    assert explorer.view["current"] == 1
    path = lab.tree.path(1)
    assert explorer.text == [token.label for token in (*path.prompt, *path.tokens)]
    expect(explorer.item(1)).to_contain_text("typed")
    lab.execute("explorer.rename(1, 'another')")
    expect(explorer.item(1)).to_contain_text("another")
    lab.execute("explorer.undo(); explorer.undo()")
    expect(explorer.item(1)).to_contain_text("typed")
    expect(explorer.item(1)).to_contain_text("set aside")
    explorer.wait_for("e.view.current === 0")
    lab.execute("explorer.redo()")
    explorer.wait_for("e.view.current === 1")
    lab.execute("explorer.beside(0)")
    expect(explorer.beside).to_be_visible()
    lab.execute("explorer.beside(None); explorer.current = 0; explorer.select(7)")
    expect(explorer.beside).to_be_hidden()
    explorer.wait_for("String(e.view.selected) === '7,0'")
    lab.execute("explorer.why_colormap = 'PuOr'; _ = explorer.why(2)")
    explorer.wait_for("String(e.view.selected) === '2,0' && e.answer !== null")
    assert_painted(explorer, lab.reference.why(2), colormap="PuOr")
    lab.opened.assert_quiet()


def test_two_views_stay_in_step(lab: Lab) -> None:
    first = lab.show("explorer = fresh()\nexplorer")
    second = lab.show("explorer")
    second.click(2)
    assert_painted(second, lab.reference.why(2))
    first.wait_for("e.answer !== null")
    assert_painted(first, lab.reference.why(2))
    first.choose(1, 1)
    first.settle()
    first.press("Enter")
    second.wait_for_branches(2)
    first.wait_for_branches(2)
    lab.wait_for("explorer.running", False)
    assert first.view == second.view and first.text == second.text
    rename(second, "keys", 1, "both")
    expect(first.item(1)).to_contain_text("both")
    lab.opened.assert_quiet()


def test_reloaded_it_shows_what_it_showed(lab: Lab) -> None:
    explorer = branched(lab)
    explorer.click(2)
    explorer.settle()
    view = explorer.view
    lab.wait_for("explorer._view['selected']", [2, 0])
    command(lab.page, "docmanager:save")
    lab.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    lab.page.reload()
    last = lab.page.locator(f".jp-OutputArea {EXPLORERS}").last
    expect(last).to_be_visible(timeout=60_000)
    last.scroll_into_view_if_needed()
    explorer = Exploring(last)
    explorer.wait_for("e.tree.branches.length === 3")
    assert explorer.view == view
    assert_painted(explorer, lab.reference.why(2))
    explorer.click(3)
    assert_painted(explorer, lab.reference.why(3))


def test_nothing_is_inaccessible_and_no_key_is_the_notebooks(lab: Lab) -> None:
    explorer = branched(lab)
    explorer.click(2)
    explorer.settle()
    root = f".jp-CodeCell:has({EXPLORERS}) {EXPLORERS}"
    assert_accessible(lab.page, root)
    cells = lab.page.locator(".jp-CodeCell").count()
    explorer.viewport.focus()
    explorer.press("b", "m", "x", "r", "c", "Escape")
    explorer.item(0).focus()
    explorer.press("b", "a", "d", "d", "x")
    assert lab.page.locator(".jp-CodeCell").count() == cells
    lab.opened.assert_quiet()


def test_hostile_tokens_are_only_ever_text(lab: Lab) -> None:
    explorer = lab.show(
        f"hostile = {HOSTILE!r}\n"
        "trace = tv.Trace([hostile, 'b'], [-1, -2], alternatives=[[(hostile + '!', -1)], []],"
        " prompt=[hostile])\n"
        "explorer = fresh(trace, None, title=hostile)\n"
        "explorer.rename(0, hostile)\n"
        "explorer"
    )
    for position, slot in ((0, 0), (0, 1), (1, 0), (-1, 0)):
        explorer.click(position, slot)
        explorer.hover(position, slot)
    explorer.press("Delete")
    expect(explorer.line).to_contain_text("<img")
    expect(explorer.item(0)).to_contain_text(HOSTILE[:20])
    assert lab.page.evaluate("window.hurt") is None
    assert explorer.locator.locator("img").count() == 0
    assert explorer.locator.locator(".MathJax, mjx-container").count() == 0
    lab.opened.assert_quiet()


def test_saved_as_a_page_it_is_walked_through_without_a_kernel(
    lab: Lab, offline: OfflinePages
) -> None:
    explorer = branched(lab)
    explorer.click(2)
    explorer.settle()
    explorer.drag(-9, -8)
    explorer.press("Delete")
    explorer.wait_for("e.tree.outcomes.length === 1")
    reference = lab.reference
    lab.execute("_ = explorer.save('x.html')")
    opened = offline.open(lab.root / "x.html")
    page = Exploring(opened.page.locator(EXPLORERS))
    assert page.view == explorer.view
    assert_painted(page, reference.change(6, 8), page.given)
    for branch in (2, 1, 0):
        go_to(page, "keys", branch)
        path = reference.path(branch)
        assert page.text == [token.label for token in (*path.prompt, *path.tokens)]
    page.choose(2)
    assert_painted(page, reference.why(2))
    page.choose(3)
    expect(page.line).to_contain_text("was not computed before the page was saved")
    opened.assert_quiet()


def test_arrangements_show_one_text(lab: Lab) -> None:
    explorer = lab.show()
    text = explorer.text
    for arrangement in ("flow", "grid"):
        arrange(explorer, arrangement)
        assert explorer.text == text
        explorer.click(2)
        assert_painted(explorer, lab.reference.why(2))
        explorer.hover(-1)
        expect(explorer.tooltip).to_contain_text("prompt")
    lab.wait_for("explorer.arrangement", "grid")
