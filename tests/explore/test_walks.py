"""Random walks: whatever is asked and undone, what is kept, sent, saved and drawn are one."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import tokenviz as tv
from tests.explore.reader import Reader, whole
from tests.model.small import random_lm
from tokenviz.explore import view as views
from tokenviz.explore.explorer import Explorer
from tokenviz.explore.wire import decode_tree
from tokenviz.export.html import fragment
from tokenviz.export.state import FigureState

QUICK = "input_x_gradient"
OPTIONS = {"max_new_tokens": 4, "top_k": 3}
FEW = st.integers(0, 11)


@cache
def begun() -> tv.TraceTree:
    explorer = random_lm().explore("The cat sat on", **OPTIONS)
    explorer.wait(60)
    return explorer.tree


class Walk(RuleBasedStateMachine):
    """Numbers that are too large are taken modulo what there is."""

    @initialize()
    def begin(self) -> None:
        self.take(begun())

    def take(self, tree: tv.TraceTree) -> None:
        self.explorer = Explorer(random_lm(), tree, options=OPTIONS)
        self.reader = Reader(self.explorer)

    def place(self, number: int) -> tuple[int, int, int]:
        """A position of the path on show, a slot there, and how many there are."""
        path = self.explorer.trace
        position = number % len(path)
        count = len(path.alternatives[position])
        return position, number % (count + 1), count

    @rule(number=FEW, foil=st.booleans())
    def why(self, number: int, foil: bool) -> None:
        position, slot, count = self.place(number)
        rather = (slot + 1) % (count + 1) if foil and count else None
        found = self.explorer.why(position, slot, instead_of=rather, method=QUICK)
        path = self.explorer.trace
        assert found.tokens == (*path.prompt, *path.tokens[:position])
        assert self.explorer.why(position, slot, instead_of=rather, method=QUICK) is found

    @rule(number=FEW)
    def branch(self, number: int) -> None:
        position, slot, _ = self.place(number)
        path = self.explorer.trace
        wanted = path.alternatives[position][slot - 1].token if slot else path.tokens[position]
        before = self.explorer.tree
        self.explorer.branch(position, slot)
        after = self.explorer.wait(60)
        assert after.tokens[:position] == path.tokens[:position]
        assert after.tokens[position] == wanted
        for old, new in zip(before.branches, self.explorer.tree.branches, strict=False):
            assert old == new

    @rule(number=FEW, text=st.sampled_from(["xyz", " 7", "é"]))
    def type(self, number: int, text: str) -> None:
        position, _, _ = self.place(number)
        self.explorer.branch(position, text)
        path = self.explorer.wait(60)
        own = b"".join(token.bytes for token in path.tokens[position:])
        assert own.startswith(text.encode())

    @rule(number=FEW)
    def without(self, number: int) -> None:
        start = number % (len(self.explorer.tree.prompt) - 1)
        scored = self.explorer.without((start, start + 1))
        assert scored.tokens == self.explorer.trace.tokens

    @rule(number=FEW, name=st.text(min_size=1, max_size=5).filter(str.strip))
    def rename(self, number: int, name: str) -> None:
        branch = number % len(self.explorer.tree)
        self.explorer.rename(branch, name)
        assert self.explorer.tree.branches[branch].name == name

    @rule(number=FEW)
    def show(self, number: int) -> None:
        self.explorer.current = number % len(self.explorer.tree)

    @rule(number=FEW)
    def beside(self, number: int) -> None:
        self.explorer.beside(number % len(self.explorer.tree))

    @rule(call=st.sampled_from(["undo", "redo", "back", "forward"]))
    def go(self, call: str) -> None:
        count = len(self.explorer.tree)
        getattr(self.explorer, call)()
        assert len(self.explorer.tree) == count  # nothing is deleted

    @rule(suffix=st.sampled_from([".npz", ".json"]))
    def save_and_load(self, suffix: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            tree = tv.load(self.explorer.save(Path(folder) / f"tree{suffix}"))
        assert isinstance(tree, tv.TraceTree) and tree == self.explorer.tree
        view = self.explorer._view
        before = drawn(self.explorer)
        self.take(tree)
        self.explorer.set_state({"_view": view})
        assert drawn(self.explorer) == before

    @precondition(lambda self: hasattr(self, "explorer"))
    @invariant()
    def what_is_kept_and_sent_is_one(self) -> None:
        assert self.reader.known() == whole(self.explorer.tree)
        view = views.check_view(self.explorer._view)
        assert view["current"] < len(self.explorer.tree)
        names = [branch.name for branch in self.explorer.tree.branches]
        assert [views.name_of(view, i, name) for i, name in enumerate(names)] == names


def drawn(explorer: Explorer) -> Any:
    """What a page shows: its tables, and all of its state but for how tokens are numbered."""
    state = FigureState.from_widget(explorer)
    traits = {name: value for name, value in state.traits.items() if name != "_data"}
    decoded = decode_tree(explorer.get_state(["_data"])["_data"])
    return traits, decoded, fragment(explorer, with_script=False).split("tokenviz-static")[1]


TestWalks = Walk.TestCase
TestWalks.settings = settings(max_examples=300, stateful_step_count=7, deadline=None)
