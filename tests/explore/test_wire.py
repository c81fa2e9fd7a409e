"""A tree crosses to the browser and comes back; labels of pieces follow the path."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import traitlets
from hypothesis import given

from tests.data.strategies import trees
from tokenviz.data.branch import Branch, Origin
from tokenviz.data.trace import Trace
from tokenviz.data.tree import TraceTree
from tokenviz.explore.explorer import Explorer
from tokenviz.explore.packing import unpack
from tokenviz.explore.wire import decode_tree, encode_tree
from tokenviz.live.growing import Entries
from tokenviz.wire import _values, trace_marks


@given(trees())
def test_a_tree_comes_back(tree: TraceTree) -> None:
    back = decode_tree(encode_tree(tree, Entries()))
    assert back.prompt == tree.prompt and back.prompt_roles == tree.prompt_roles
    assert len(back) == len(tree)
    for number, (before, after) in enumerate(zip(tree.branches, back.branches, strict=True)):
        assert (before.parent, before.position, before.name) == (
            after.parent, after.position, after.name,
        )  # fmt: skip
        assert before.trace.tokens == after.trace.tokens
        assert list(before.trace.alternatives) == list(after.trace.alternatives)
        for name in ("logprobs", "ranks", "entropies"):
            a, b = getattr(before.trace, name), getattr(after.trace, name)
            assert a.tobytes() == b.tobytes(), name
        assert before.trace.channels == after.trace.channels
        assert trace_marks(before.trace) == trace_marks(after.trace)
        assert back.path(number).tokens == tree.path(number).tokens
    assert [a.question for a in back.answers] == [a.question for a in tree.answers]
    for one, other in zip(tree.answers, back.answers, strict=True):
        assert one.attribution.values.tobytes() == other.attribution.values.tobytes()
    assert [o.change for o in back.outcomes] == [o.change for o in tree.outcomes]
    for scored, again in zip(tree.outcomes, back.outcomes, strict=True):
        assert scored.trace.logprobs.tobytes() == again.trace.logprobs.tobytes()


@given(trees())
def test_a_number_means_the_same_token_for_ever(tree: TraceTree) -> None:
    entries = Entries()
    first = encode_tree(tree, entries)
    known = entries.table(0)
    assert encode_tree(tree, entries)["branches"] == first["branches"]
    assert entries.table(0) == known


def test_labels_of_pieces_follow_the_path() -> None:
    """Two halves of an emoji, of which the second belongs to another branch."""

    def run(tokens: list[bytes], **more: Any) -> Trace:
        return Trace(tokens, np.full(len(tokens), -1.0), **more)

    smile, cry = "😀".encode(), "😭".encode()
    tree = TraceTree.of(run([b"Oh ", smile[:3], smile[3:], b"!"], prompt=["Hi"]))
    leaves = Branch(run([cry[3:], b"?"]), 0, 2, "other", Origin("token", 1))
    assert smile[:3] == cry[:3]
    tree = tree.with_branch(leaves)
    data = encode_tree(tree, Entries())
    labels = data["vocabulary"]["label"]
    root, other = data["branches"]
    own = [labels[i] for i in unpack(root, root["view"]).numbers]
    assert own == ["Oh␣", "😀 1/2", "😀 2/2", "!"] and root["before"] == []
    assert [labels[i] for i in unpack(other, other["view"]).numbers] == ["😭 2/2", "?"]
    assert [labels[i] for i in other["before"]][-1] == "😭 1/2"
    assert [labels[i] for i in _values(data["prompt"]["index"])] == ["Hi"]


def test_flags_bands_and_bounds_cross_with_their_branch() -> None:
    rollout = Trace(
        list("abc"),
        [-1.0, -2.0, math.nan],
        ranks=[1, 4, 0],
        ranks_at_least=[False, True, False],
        flags={"loss_mask": [True, False, True]},
        categories={"role": ["user", None, "assistant"]},
        prompt=["Hi"],
    )
    tree = TraceTree.of(rollout)
    tree = tree.with_branch(Branch(Trace(["d"], [-1.0]), 0, 2, "other", Origin("token", 1)))
    back = decode_tree(encode_tree(tree, Entries()))
    assert trace_marks(back.branches[0].trace) == trace_marks(rollout) != {}
    assert back.path(1).flags["loss_mask"].tolist() == [True, False, False]
    assert "marks" not in encode_tree(tree, Entries())["branches"][1]
    explorer = Explorer(None, rollout)
    assert (explorer.flag, explorer.category) == ("loss_mask", "role")
    with pytest.raises(traitlets.TraitError, match="span: an explorer is asked about one"):
        explorer.span = (0, 1)
