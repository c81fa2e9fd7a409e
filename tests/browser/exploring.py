"""An explorer on a page, as a reader handles it: by mouse or by keys, over the same places.

Positions count from the first token after the prompt, as in Python; those of the prompt are
negative. Where something is on the screen and which colour it has is asked of the figure; what is
known and shown is asked of the explorer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from playwright.sync_api import Locator, expect

import tokenviz as tv
from tests.figure import Figure, Rgb, expected_color
from tokenviz.model.language_model import LanguageModel

Way = Literal["mouse", "keys"]
by_mouse_and_keys = pytest.mark.parametrize("way", ["mouse", "keys"])

PROMPT = "First, I'll multiply 43 by 4, which gives me"
"""The bundled model goes on with 172, and a sentence more."""

EXPLORERS = ".tokenviz-explorer"
PATIENCE = 30_000
"""Milliseconds for an answer of a small model on a busy machine."""


class Exploring:
    """One explorer on a page."""

    def __init__(self, locator: Locator) -> None:
        expect(locator).to_have_attribute("data-tokenviz-explorer-ready", "true", timeout=PATIENCE)
        self.locator = locator
        self.page = locator.page
        self.figure = locator.locator(".tokenviz")
        self.viewport = locator.locator(".tokenviz-viewport")
        self.line = locator.locator(".tokenviz-explorer-line")
        self.voice = locator.locator(":scope > [aria-live=polite]")
        self.heading = locator.locator(".tokenviz-explorer-answer .tokenviz-explorer-heading")
        self.caption = locator.locator(".tokenviz-explorer-facts")
        self.branches = locator.get_by_role("tree")
        self.beside = locator.locator(".tokenviz-explorer-beside")
        self.tooltip = locator.locator(".tokenviz-tooltip")
        self.given = int(self._ask("e.tree.prompt.index.length"))

    # What is known and shown.

    @property
    def view(self) -> dict[str, Any]:
        """What is shown, as the page has it."""
        return dict(self._ask("e.view"))

    @property
    def answer(self) -> npt.NDArray[np.float32] | None:
        """The values that the text is coloured by; None for the trace's own."""
        values = self._ask("e.answer === null ? null : Array.from(e.answer, v => v)")
        return None if values is None else np.array(values, dtype=np.float32)

    @property
    def branch_count(self) -> int:
        """How many branches the page knows."""
        return int(self._ask("e.tree.branches.length"))

    @property
    def text(self) -> list[str]:
        """The labels of the whole text on show, the prompt's first."""
        data = "e.tokenvizFigure.state.data"
        found = self.figure.evaluate(
            f"e => Array.from({data}.index, i => {data}.vocabulary.label[i])"
        )
        return list(found)

    @property
    def arrangement(self) -> str:
        """Grid or flow."""
        return str(self.figure.evaluate("e => e.tokenvizFigure.state.arrangement"))

    def settle(self) -> None:
        """Wait until nothing is asked any more, and what is known is painted."""
        self._ask("e.settled()")

    def wait_for(self, condition: str, timeout: float = PATIENCE) -> None:
        """Wait until something is true of ``e``, the explorer."""
        self.page.wait_for_function(
            f"root => {{ const e = root.tokenvizExplorer; return {condition}; }}",
            arg=self.locator.element_handle(),
            timeout=timeout,
        )

    def wait_for_branches(self, count: int) -> None:
        """Wait until so many branches are known, and none is being written."""
        self.wait_for(f"e.tree.branches.length === {count}")
        self.wait_until_written()

    def wait_until_written(self) -> None:
        """Wait until no branch is being written."""
        expect(self.control("stop")).to_be_hidden(timeout=PATIENCE)
        expect(self.branches).not_to_contain_text("writing…", timeout=PATIENCE)

    def color(self, position: int, slot: int = 0) -> Rgb:
        """The colour of a cell's background."""
        cell = [position + self.given, slot]
        r, g, b = self.figure.evaluate("(e, cell) => e.tokenvizFigure.colorAt(cell)", cell)
        return r, g, b

    def rows(self) -> list[tuple[str, str]]:
        """The list of the strongest tokens: label and written value."""
        rows = self.locator.locator(".tokenviz-explorer-row:not([disabled])")
        return [
            (
                row.locator(".tokenviz-explorer-token").inner_text(),
                row.locator(".tokenviz-explorer-value").inner_text(),
            )
            for row in rows.all()
        ]

    def control(self, name: str) -> Locator:
        """A button or a field."""
        return self.locator.locator(f'[data-tokenviz-control="{name}"]')

    def lens(self, mode: str) -> Locator:
        """The button that colours the text: probability, why or without."""
        return self.locator.locator(f'[data-tokenviz-lens="{mode}"]')

    def item(self, branch: int) -> Locator:
        """A branch in the tree."""
        return self.branches.locator(f'[data-tokenviz-branch="{branch}"]')

    # By mouse.

    def point(self, position: int, slot: int = 0) -> tuple[float, float]:
        """The middle of a cell on the screen."""
        self.viewport.scroll_into_view_if_needed()
        x, y, width, height = self._ask(
            f"(r => [r.x, r.y, r.width, r.height])(e.cell({position}, {slot}))"
        )
        return x + width / 2, y + height / 2

    def click(self, position: int, slot: int = 0, *, times: int = 1, shift: bool = False) -> None:
        """Click a cell, once or more often."""
        if slot:
            self.uncover(position)
        if shift:
            self.page.keyboard.down("Shift")
        self.page.mouse.click(*self.point(position, slot), click_count=times)
        if shift:
            self.page.keyboard.up("Shift")

    def uncover(self, position: int) -> None:
        """In running text a click on a token opens its alternatives, unless they are."""
        if self.point(position, 1)[1] <= self.point(position)[1]:
            self.page.mouse.click(*self.point(position))
            self.settle()

    def drag(self, start: int, stop: int) -> None:
        """Drag from one token to another, both taken."""
        mouse = self.page.mouse
        mouse.move(*self.point(start))
        mouse.down()
        mouse.move(*self.point((start + stop) // 2))
        mouse.move(*self.point(stop))
        mouse.up()

    def hover(self, position: int, slot: int = 0) -> None:
        """Move the mouse over a cell."""
        self.page.mouse.move(*self.point(position, slot))

    # By keys.

    def walk(self, position: int, slot: int = 0) -> None:
        """Move the keys to a cell: in running text alternatives stand side by side, once open."""
        self.viewport.focus()
        self.press("Control+Home", *["ArrowRight"] * (position + self.given))
        if slot and self.arrangement == "flow":
            if self.point(position, 1)[1] <= self.point(position)[1]:
                self.press("Enter")
                self.settle()
            self.press("ArrowDown", *["ArrowRight"] * (slot - 1))
        else:
            self.press(*["ArrowDown"] * slot)

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        for key in keys:
            self.page.keyboard.press(key)

    def choose(self, position: int, slot: int = 0) -> None:
        """Move the keys to a cell, and select it."""
        self.walk(position, slot)
        self.press("Enter")

    def _ask(self, expression: str) -> Any:
        return self.locator.evaluate(f"root => (e => {expression})(root.tokenvizExplorer)")


class Reference:
    """What Python says of a tree: the model itself, asked without an explorer."""

    def __init__(self, lm: LanguageModel, tree: tv.TraceTree) -> None:
        self.lm = lm
        self.tree = tree

    def path(self, branch: int = 0) -> tv.Trace:
        return self.tree.path(branch)

    def ids(self, branch: int, stop: int) -> list[int]:
        """Those of the prompt and of the path up to a position."""
        path = self.path(branch)
        return [token.id or 0 for token in (*path.prompt, *path.tokens[:stop])]

    def in_slot(self, branch: int, position: int, slot: int) -> int:
        path = self.path(branch)
        token = path.alternatives[position][slot - 1].token if slot else path.tokens[position]
        return token.id or 0

    def why(
        self,
        start: int,
        stop: int | None = None,
        *,
        slot: int = 0,
        instead_of: int | None = None,
        branch: int = 0,
    ) -> npt.NDArray[np.float32]:
        """The values that ``lm.attribute`` gives."""
        before = self.ids(branch, start)
        target: Any = self.ids(branch, stop or start + 1)[len(before) :]
        if slot:
            target = [self.in_slot(branch, start, slot)]
        if instead_of is not None:
            target = tv.Contrast(target, [self.in_slot(branch, start, instead_of)])
        values: npt.NDArray[np.float32] = self.lm.attribute(before, [target]).values[:, 0]
        return values

    def change(self, start: int, stop: int, text: str = "") -> npt.NDArray[np.float32]:
        """By how much ``lm.score`` says that each token is more probable after a change."""
        prompt, path = self.ids(0, 0), self.ids(0, 24)[len(self.ids(0, 0)) :]
        put = self.lm.encode(text).tolist() if text else []
        changed = self.lm.score(path, prompt=[*prompt[:start], *put, *prompt[stop:]])
        return changed.logprobs - self.lm.score(path, prompt=prompt).logprobs


def assert_painted(
    explorer: Exploring,
    expected: Sequence[float] | npt.NDArray[np.float32],
    start: int = 0,
    colormap: str = "RdYlGn",
) -> None:
    """The answer and the colours of the cells are those values, from a position of the text on."""
    explorer.settle()
    found = explorer.answer
    assert found is not None, explorer.line.inner_text()
    own = found[start:]
    assert np.isnan(found[:start]).all()
    np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-4)
    high = float(np.max(np.abs(own)))
    for i, value in enumerate(own.tolist(), start):
        wanted = expected_color(value, colormap, -high, high, 0)
        assert explorer.color(i - explorer.given) == wanted, f"token {i}"


def assert_listed(explorer: Exploring, labels: Sequence[str]) -> None:
    """The list has the eight strongest, strongest first, with their signs."""
    values = explorer.answer
    assert values is not None
    order = [i for i in np.argsort(-np.abs(values), kind="stable").tolist() if values[i]][:8]
    rows = explorer.rows()
    assert [label for label, _ in rows] == [labels[i] for i in order]
    for (_, written), i in zip(rows, order, strict=True):
        number = float(written.replace("−", "-").replace("≈", ""))
        assert number == pytest.approx(values[i], abs=0.051)
        assert written.startswith("+" if values[i] > 0 else "−") or number == 0


def arrange(explorer: Exploring, arrangement: str) -> None:
    figure = Figure(explorer.figure)
    figure.open_controls()
    figure.control("arrangement").select_option(arrangement)
    figure.control("toggle").click()
    figure.settle()


def act(explorer: Exploring, way: Way, control: str, key: str) -> None:
    """Press a button, or its key on the text."""
    if way == "mouse":
        explorer.control(control).click()
    else:
        explorer.viewport.focus()
        explorer.press(key)


def go_to(explorer: Exploring, way: Way, branch: int) -> None:
    """Show a branch."""
    if way == "mouse":
        explorer.item(branch).click()
        return
    explorer.branches.locator("[tabindex='0']").focus()
    explorer.press("Home", *["ArrowDown"] * branch, "Enter")


def rename(explorer: Exploring, way: Way, branch: int, name: str) -> None:
    """Give a branch another name."""
    if way == "mouse":
        explorer.item(branch).locator(".tokenviz-explorer-name").dblclick()
    else:
        explorer.branches.locator("[tabindex='0']").focus()
        explorer.press("Home", *["ArrowDown"] * branch, "F2")
    explorer.control("rename-text").fill(name)
    explorer.press("Enter")
