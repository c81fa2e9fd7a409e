"""An explorer on a page of its own: all that was found can be walked through, by mouse or by keys.

No kernel is there and no network: what was not asked before the page was saved says so.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import Browser, expect

import tokenviz as tv
from tests.axe import assert_accessible
from tests.browser.exploring import (
    EXPLORERS,
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
from tests.chromium import OfflinePages, Opened
from tests.figure import Figure, expected_color
from tokenviz.export.html import save, twin
from tokenviz.export.nbconvert import TokenvizHTMLExporter

WORD, SENTENCE = (1, 4), (5, 24)
"""172, and the sentence after it, in what the model writes."""
ABOVE = "<div style='height:2000px'>above</div>"
HOSTILE = '<img src=x onerror="window.hurt=1"> $x$ \u202eabc\u202c <b>'


class Known(Reference):
    """A tree of what the bundled model answers, and the page that shows it."""

    def __init__(self, folder: Path) -> None:
        lm = tv.load_model()
        explorer = lm.explore(PROMPT, max_new_tokens=24)
        explorer.wait()
        for position in (2, 5):
            explorer.why(position)
        explorer.why(1, 1)
        explorer.why(1, 1, instead_of=0)
        explorer.why(5, 2)
        explorer.why(5, 0, instead_of=1)
        for span in (WORD, SENTENCE, (2, 5)):
            explorer.why(span=span)
        explorer.select(2)
        for how, text in (("delete", None), ("mute", None), ("replace", " 99")):
            explorer.without((6, 8), how, text)
        explorer.branch(1, 1)
        explorer.wait()
        explorer.why(6)
        explorer.current = 0
        explorer.branch(5, " But", name="doubt")
        explorer.wait()
        explorer.current = 0
        super().__init__(lm, explorer.tree)
        # Also what is hardly possible is shown, to be asked about.
        self.page = tv.Explorer(None, self.tree, min_probability=0).save(folder / "page.html")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return Known(tmp_path_factory.mktemp("explorer"))


@pytest.fixture
def opened(known: Known, offline: OfflinePages) -> Opened:
    return offline.open(known.page)


@pytest.fixture
def explorer(opened: Opened) -> Exploring:
    return Exploring(opened.page.locator(EXPLORERS))


def test_prompt_and_answer_are_one_text_in_both_arrangements(
    known: Known, explorer: Exploring, opened: Opened
) -> None:
    path = known.path()
    assert explorer.text == [token.label for token in (*path.prompt, *path.tokens)]
    grid = Figure(explorer.figure)
    expect(explorer.viewport.get_by_role("gridcell").first).to_contain_text("prompt")
    # The prompt has rows of its own.
    prompt, written = grid.rect((explorer.given - 1, 0)), grid.rect((explorer.given, 0))
    assert prompt[1] + prompt[3] < written[1] and written[0] == grid.rect((0, 0))[0]
    grid.open_controls()
    grid.control("arrangement").select_option("flow")
    grid.settle()
    assert explorer.text == [token.label for token in (*path.prompt, *path.tokens)]
    # One after the other, the prompt first, on lines that break where they are full.
    places = [grid.rect((i, 0)) for i in range(len(explorer.text))]
    assert [(y, x) for x, y, *_ in places] == sorted((y, x) for x, y, *_ in places)
    explorer.hover(-1)
    expect(explorer.tooltip).to_contain_text("prompt")
    explorer.hover(0)
    expect(explorer.tooltip).to_contain_text("1 of 24")
    opened.assert_quiet()


@by_mouse_and_keys
@pytest.mark.parametrize("arrangement", ["grid", "flow"])
def test_why_a_token(
    arrangement: str, way: Way, known: Known, explorer: Exploring, opened: Opened
) -> None:
    arrange(explorer, arrangement)
    for position in (2, 5):
        if way == "mouse":
            explorer.click(position)
        else:
            explorer.choose(position)
        assert explorer.view["selected"] == [position, 0]
        assert_painted(explorer, known.why(position))
        assert_listed(explorer, explorer.text)
        token = known.path().tokens[position].text
        expect(explorer.heading).to_have_text(f"What spoke for ‘{token}’")
        expect(explorer.caption).to_contain_text("method: removal · score: log odds")
        expect(explorer.caption).to_contain_text("model: tokenviz demo")
        expect(explorer.voice).to_contain_text(f"why ‘{token}’: ‘")
    if way == "mouse":
        explorer.hover(-8)
    else:
        explorer.walk(-8)
    expect(explorer.tooltip).to_contain_text("attribution")
    value = known.why(5)[explorer.given - 8]
    written = explorer.tooltip.locator("dd").first.inner_text()
    assert float(written.replace("−", "-")) == pytest.approx(value, abs=0.006)
    opened.assert_quiet()


@pytest.mark.parametrize("how", ["drag", "drag back", "shift+click", "shift+arrow"])
def test_why_a_span(how: str, known: Known, explorer: Exploring) -> None:
    if how == "drag":
        explorer.drag(2, 4)
    elif how == "drag back":
        explorer.drag(4, 2)
    elif how == "shift+click":
        explorer.click(2)
        explorer.click(4, shift=True)
    else:
        explorer.choose(2)
        explorer.press("Shift+ArrowRight", "Shift+ArrowRight")
    explorer.settle()
    assert explorer.view["span"] == [2, 5] and explorer.view["selected"] == [2, 0]
    assert_painted(explorer, known.why(2, 5))
    expect(explorer.heading).to_have_text("What spoke for ‘72.\\n\\n’")
    # Back and forward go over it in one step.
    steps = len(explorer.view["past"])
    explorer.press("Alt+ArrowLeft")
    assert explorer.view["span"] is None and len(explorer.view["past"]) == steps - 1
    explorer.press("Alt+ArrowRight")
    assert explorer.view["span"] == [2, 5]


def test_a_double_click_takes_the_word_and_a_triple_click_the_sentence(
    known: Known, explorer: Exploring
) -> None:
    explorer.click(2, times=2)
    assert explorer.view["span"] == list(WORD)
    assert_painted(explorer, known.why(*WORD))
    explorer.click(9, times=3)
    assert explorer.view["span"] == list(SENTENCE)
    assert_painted(explorer, known.why(*SENTENCE))
    expect(explorer.heading).to_contain_text("Next, I'll multiply 43 by 20, resulting in 860")


@by_mouse_and_keys
@pytest.mark.parametrize("arrangement", ["grid", "flow"])
def test_why_an_alternative_and_why_not(
    arrangement: str, way: Way, known: Known, explorer: Exploring
) -> None:
    arrange(explorer, arrangement)
    if way == "mouse":
        explorer.click(5, 2)
    else:
        explorer.choose(5, 2)
    assert explorer.view["selected"] == [5, 2]
    assert_painted(explorer, known.why(5, slot=2))
    expect(explorer.heading).to_have_text("What spoke for ‘ Next’")
    # The one that was said, not the first alternative.
    if way == "mouse":
        explorer.click(5)
        explorer.click(5, 1, shift=True)
    else:
        explorer.choose(5)
        explorer.walk(5, 1)
        explorer.press("x")
    assert explorer.view["selected"] == [5, 0] and explorer.view["against"] == 1
    assert_painted(explorer, known.why(5, instead_of=1))
    expect(explorer.heading).to_have_text("What spoke for ‘Next’, not ‘Then’")


@by_mouse_and_keys
def test_what_was_not_asked_says_so(way: Way, explorer: Exploring, opened: Opened) -> None:
    if way == "mouse":
        explorer.click(9)
    else:
        explorer.choose(9)
    expect(explorer.line).to_have_text(
        "Why ‘ multiply’ was not computed before the page was saved; open it with the model to ask."
    )
    assert explorer.answer is None
    arrange(explorer, "flow")
    if way == "mouse":
        explorer.click(9, 2)
        explorer.control("go").click()
    else:
        explorer.choose(9, 2)
        explorer.press("b")
    expect(explorer.line).to_contain_text("Going on needs the model")
    if way == "mouse":
        explorer.control("type").click()
        explorer.control("typed").fill(" else")
        explorer.control("typed-go").click()
    else:
        explorer.press("t")
        opened.page.keyboard.type(" else")
        explorer.press("Enter")
    expect(explorer.line).to_contain_text("Going on needs the model")
    if way == "mouse":
        explorer.click(-15)
        explorer.control("delete").click()
    else:
        explorer.choose(-15)
        explorer.press("Delete")
    expect(explorer.line).to_contain_text(
        "Without ‘First’ was not computed before the page was saved"
    )
    assert explorer.branch_count == 3
    opened.assert_quiet()


@by_mouse_and_keys
def test_without_tokens_of_the_prompt(way: Way, known: Known, explorer: Exploring) -> None:
    def select() -> None:
        if way == "mouse":
            explorer.drag(-9, -8)
        else:
            explorer.choose(-9)
            explorer.press("Shift+ArrowRight")
            explorer.settle()
        assert explorer.view["span"] == [-9, -7]

    select()
    act(explorer, way, "delete", "Delete")
    changes = known.change(6, 8)
    assert_painted(explorer, changes, explorer.given)
    expect(explorer.heading).to_contain_text("Without ‘43’: ")
    said = explorer.heading.inner_text().split(": ")[1].split(" nats")[0]
    assert float(said.replace("−", "-")) == pytest.approx(float(changes.sum()), abs=0.051)
    select()
    act(explorer, way, "replace", "r")
    expect(explorer.control("typed")).to_have_value("43")
    explorer.control("typed").fill(" 99")
    if way == "mouse":
        explorer.control("typed-go").click()
    else:
        explorer.press("Enter")
    replaced = next(one for one in known.tree.outcomes if one.change.how == "replace")
    before = known.path().logprobs
    assert_painted(explorer, replaced.trace.logprobs - before, explorer.given)
    select()
    act(explorer, way, "mute", "m")
    muted = next(one for one in known.tree.outcomes if one.change.how == "mute")
    assert_painted(explorer, muted.trace.logprobs - before, explorer.given)
    expect(explorer.heading).to_contain_text("With ‘43’ muted")
    # The trace's own colours, and back.
    if way == "mouse":
        explorer.lens("probability").click()
    else:
        explorer.lens("without").press("ArrowLeft")
        explorer.press("ArrowLeft") if explorer.answer is not None else None
    assert explorer.answer is None
    explorer.lens("without").click()
    assert explorer.answer is not None


@by_mouse_and_keys
def test_the_branches_are_a_tree_that_is_walked(
    way: Way, known: Known, explorer: Exploring, opened: Opened
) -> None:
    items = explorer.branches.get_by_role("treeitem")
    expect(items).to_have_count(3)
    levels = [item.get_attribute("aria-level") for item in items.all()]
    assert levels == ["1", "2", "2"]
    for branch in (1, 2, 0):
        go_to(explorer, way, branch)
        assert explorer.view["current"] == branch
        path = known.path(branch)
        assert explorer.text == [token.label for token in (*path.prompt, *path.tokens)]
        expect(explorer.item(branch)).to_have_attribute("aria-current", "true")
        total = f"{path.logprobs.sum():.1f}".replace("-", "−")
        expect(explorer.item(branch)).to_contain_text(f"log p {total}")
    # The answer of a token that two branches share is there on both.
    go_to(explorer, way, 1)
    if way == "mouse":
        explorer.click(6)
    else:
        explorer.choose(6)
    assert_painted(explorer, known.why(6, branch=1))
    rename(explorer, way, 2, "A question")
    expect(explorer.item(2)).to_contain_text("A question")
    # Enter in the field is not Enter in the tree; the first click of two chooses.
    assert explorer.view["current"] == (2 if way == "mouse" else 1)
    opened.assert_quiet()


@by_mouse_and_keys
def test_two_branches_side_by_side(way: Way, explorer: Exploring) -> None:
    if way == "mouse":
        explorer.item(1).focus()
        explorer.control("beside").click()
    else:
        explorer.item(0).focus()
        explorer.press("ArrowDown", "c")
    expect(explorer.beside).to_be_visible()
    assert explorer.view["beside"] == 1
    expect(explorer.beside.locator("strong")).to_have_text(["answer", "3"])
    differing = explorer.beside.locator("[data-tokenviz-other]")
    assert differing.first.inner_text() == "1"
    # A token there is one of the text.
    explorer.beside.locator('[data-tokenviz-at="2"][data-tokenviz-side="0"]').click()
    explorer.settle()
    assert explorer.view["selected"] == [2, 0] and explorer.view["current"] == 0
    explorer.control("beside-close").click()
    expect(explorer.beside).to_be_hidden()


@by_mouse_and_keys
def test_back_and_forward_undo_and_redo(way: Way, explorer: Exploring) -> None:
    step = {
        "back": "Alt+ArrowLeft", "forward": "Alt+ArrowRight",
        "undo": "Control+z", "redo": "Control+Shift+Z",
    }  # fmt: skip

    def do(name: str) -> None:
        act(explorer, way, name, step[name])

    explorer.click(2)
    explorer.click(5)
    explorer.viewport.focus()
    do("back")
    assert explorer.view["selected"] == [2, 0]
    do("forward")
    assert explorer.view["selected"] == [5, 0]
    rename(explorer, way, 1, "three")
    do("undo")
    expect(explorer.item(1)).not_to_contain_text("three")
    do("redo")
    expect(explorer.item(1)).to_contain_text("three")
    assert explorer.branch_count == 3


def test_a_row_of_the_list_points_into_the_text(explorer: Exploring) -> None:
    explorer.click(2)
    explorer.settle()
    rows = explorer.locator.locator(".tokenviz-explorer-row")
    rows.first.focus()
    explorer.press("ArrowDown", "ArrowUp", "End", "Home", "Enter")
    expect(explorer.tooltip).to_contain_text("attribution")
    strongest = int(np.argmax(np.abs(explorer.answer)))  # type: ignore[arg-type]
    active = explorer.viewport.get_attribute("aria-activedescendant")
    label = explorer.text[strongest]
    expect(explorer.locator.locator(f"[id='{active}']")).to_contain_text(label)
    assert explorer.view["selected"] == [2, 0]


def test_a_screen_reader_hears_what_was_asked(explorer: Exploring) -> None:
    explorer.choose(2)
    explorer.settle()
    expect(explorer.voice).to_contain_text("why ‘7’: ‘3’ +")
    explorer.press("Shift+ArrowRight", "Shift+ArrowRight")
    expect(explorer.voice).to_contain_text("why ‘72.\\n\\n’: ‘")
    expect(explorer.branches).to_have_accessible_name("Branches")
    expect(explorer.item(0)).to_have_attribute("aria-selected", "true")
    expect(explorer.locator).to_have_accessible_name("Explorer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_inaccessible(scheme: Any, known: Known, offline: OfflinePages) -> None:
    opened = offline.open(known.page, color_scheme=scheme)
    explorer = Exploring(opened.page.locator(EXPLORERS))
    assert_accessible(opened.page)
    explorer.click(2)
    explorer.item(1).focus()
    explorer.control("beside").click()
    explorer.settle()
    assert_accessible(opened.page)
    explorer.control("type").click()
    assert_accessible(opened.page)
    opened.assert_quiet()


def test_as_narrow_as_a_phone(known: Known, offline: OfflinePages) -> None:
    opened = offline.open(known.page, width=360, height=740)
    page, explorer = opened.page, Exploring(opened.page.locator(EXPLORERS))
    explorer.choose(2)
    explorer.item(1).focus()
    explorer.press("c")
    explorer.settle()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    buttons = explorer.locator.locator(":is(button, [role=treeitem]):visible").all()
    boxes = [box for button in buttons if (box := button.bounding_box())]
    assert len(boxes) > 15
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
    assert_painted(explorer, known.why(2))


def test_forced_colours_leave_the_data_and_what_is_selected(
    known: Known, explorer: Exploring, opened: Opened
) -> None:
    opened.page.emulate_media(forced_colors="active")
    explorer.click(2)
    assert_painted(explorer, known.why(2))
    rows = explorer.locator.locator(".tokenviz-explorer-bar > span")
    fill = rows.first.evaluate("e => getComputedStyle(e).backgroundColor")
    high = float(np.max(np.abs(known.why(2))))
    r, g, b = expected_color(high, "RdYlGn", -high, high, 0)
    assert fill == f"rgb({r}, {g}, {b})"
    assert_accessible(opened.page)


def test_a_tap_asks(known: Known, browser: Browser) -> None:
    context = browser.new_context(
        viewport={"width": 412, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(known.page.as_uri())
    explorer = Exploring(page.locator(EXPLORERS))
    page.touchscreen.tap(*explorer.point(2))
    assert_painted(explorer, known.why(2))
    explorer.item(1).tap()
    assert explorer.view["current"] == 1
    sizes = explorer.locator.locator("button:visible").all()
    boxes = [box for button in sizes if (box := button.bounding_box())]
    assert min(box["height"] for box in boxes) >= 24
    context.close()


def test_the_roles_of_a_chat(known: Known, offline: OfflinePages, tmp_path: Path) -> None:
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is 43 x 4?"},
    ]
    made = known.lm.explore(chat, max_new_tokens=4)
    made.wait()
    tree = made.tree
    assert tree.prompt_roles is not None
    opened = offline.open(made.save(tmp_path / "chat.html"))
    explorer = Exploring(opened.page.locator(EXPLORERS))
    for role in ("system", "user"):
        at = tree.prompt_roles.index(role)
        explorer.hover(at - explorer.given)
        expect(explorer.tooltip).to_contain_text(role)
    explorer.hover(0)
    expect(explorer.tooltip).not_to_contain_text("user")
    assert_accessible(opened.page)
    opened.assert_quiet()


def hostile() -> tv.TraceTree:
    words = [HOSTILE, "<script>window.hurt=1</script>", "${x}$", "\u202e", "&amp;"]
    logprobs = [-0.5] * len(words)
    trace = tv.Trace(
        words,
        logprobs,
        alternatives=[[(HOSTILE + "'", -1.0)] for _ in words],
        prompt=[HOSTILE, "\u2067"],
    )
    explorer = tv.Explorer(None, trace, title=HOSTILE)
    explorer.rename(0, HOSTILE)
    return explorer.tree


@pytest.mark.parametrize("arrangement", ["grid", "flow"])
def test_hostile_tokens_are_only_ever_text(
    arrangement: str, offline: OfflinePages, tmp_path: Path
) -> None:
    tree = hostile()
    saved = tv.Explorer(None, tree, title=HOSTILE, arrangement=arrangement)
    opened = offline.open(saved.save(tmp_path / "hostile.html"))
    page, explorer = opened.page, Exploring(opened.page.locator(EXPLORERS))
    for position in (-2, -1, 0, 1, 2):
        explorer.hover(position)
        explorer.click(position)
    explorer.click(0, 1)
    expect(explorer.line).to_contain_text("<img")
    rename(explorer, "keys", 0, "<i onclick=x>")
    assert page.evaluate("window.hurt") is None
    assert page.locator(".tokenviz :is(img, script, i, b)").count() == 0
    expect(explorer.item(0)).to_contain_text("<i onclick=x>")
    opened.assert_quiet()


def notebook_page(folder: Path, *figures: Any) -> Path:
    """A page of figures as nbconvert writes it."""
    cells = [
        new_code_cell(
            f"figures[{i}]",
            outputs=[new_output("display_data", twin(figure))],
            execution_count=i + 1,
        )
        for i, figure in enumerate(figures)
    ]
    exporter = TokenvizHTMLExporter()  # type: ignore[no-untyped-call]
    html, _ = exporter.from_notebook_node(new_notebook(cells=cells))
    (folder / "page.html").write_text(html, encoding="utf-8")
    return folder / "page.html"


def test_beside_both_other_figures(known: Known, offline: OfflinePages, tmp_path: Path) -> None:
    others = [tv.examples.attribution().show(), tv.examples.trace().show()]
    shown = [others[0], tv.Explorer(None, known.tree), others[1], tv.Explorer(None, known.tree)]
    opened = offline.open(notebook_page(tmp_path, *shown))
    explorers = opened.page.locator(EXPLORERS)
    expect(explorers).to_have_count(2)
    first, second = Exploring(explorers.nth(0)), Exploring(explorers.nth(1))
    for kind in ("heatmap", "trace"):
        own = f":not({EXPLORERS} *)[data-tokenviz-kind={kind}]"
        Figure(opened.page.locator(own))
    first.click(2)
    assert_painted(first, known.why(2))
    assert second.view["selected"] is None and second.answer is None
    assert_accessible(opened.page, EXPLORERS)
    second.click(5)
    assert_painted(second, known.why(5))
    assert_painted(first, known.why(2))
    opened.assert_quiet()


def test_figures_of_other_kinds_do_not_bring_it(tmp_path: Path) -> None:
    others = [tv.examples.attribution().show(), tv.examples.trace().show()]
    page = notebook_page(tmp_path, *others).read_text(encoding="utf-8")
    assert "tokenviz-explorer" not in page
    for figure in others:
        alone = figure.save(tmp_path / "alone.html").read_text(encoding="utf-8")
        assert "tokenviz-explorer" not in alone


def test_a_tree_that_is_saved_and_loaded_shows_the_same(
    known: Known, offline: OfflinePages, tmp_path: Path
) -> None:
    for name in ("tree.npz", "tree.json"):
        loaded = tv.load(known.tree.save(tmp_path / name))
        assert loaded == known.tree and isinstance(loaded, tv.TraceTree)
        opened = offline.open(loaded.show().save(tmp_path / "loaded.html"))
        explorer = Exploring(opened.page.locator(EXPLORERS))
        assert explorer.branch_count == 3
        explorer.choose(2)
        assert_painted(explorer, known.why(2))


def test_without_scripts_the_text_is_there(known: Known, offline: OfflinePages) -> None:
    page = offline.open(known.page, scripts=False).page
    expect(page.locator("table:visible").first).to_contain_text("resulting")


def test_a_page_does_not_scroll_to_what_was_asked_last(
    known: Known, offline: OfflinePages, tmp_path: Path
) -> None:
    explorer = tv.Explorer(None, known.tree)
    explorer.select(20)
    path = save(explorer, tmp_path / "page.html", before=ABOVE)
    opened = offline.open(path)
    expect(opened.page.locator("[data-tokenviz-explorer-ready]")).to_be_attached()
    opened.page.wait_for_timeout(300)
    assert opened.page.evaluate("scrollY") == 0
