"""TraceTree: paths, whose token it is, and trees that come of trees."""

from __future__ import annotations

import math
import pickle
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tokenviz as tv
from tests.data.strategies import answers, forks, outcomes, questions, runs, traces, trees
from tokenviz import Attribution, Token, Trace, TraceTree
from tokenviz.data.ancestry import Ancestry
from tokenviz.data.tree import Answer, Branch, Change, Origin, Outcome, Question

relaxed = settings(suppress_health_check=list(HealthCheck), max_examples=60)

WRITTEN, TOKEN = Origin("written"), Origin("token", 1)


def branch(tokens: str, parent: int | None = 0, position: int = 0, **facts: Any) -> Branch:
    """A branch of one token for each letter, of −1 nat each."""
    run = Trace(list(tokens), [-1.0] * len(tokens), **facts)
    return Branch(
        run, parent, position, tokens, TOKEN if tokens and parent is not None else WRITTEN
    )


def small() -> TraceTree:
    """``abcd``, ``abxy``, ``abxz`` and, from the same place as the last, ``abw``."""
    return TraceTree(
        ["p", "q"],
        [branch("abcd", None), branch("xy", 0, 2), branch("z", 1, 3), branch("w", 2, 2)],
    )


def positions(tree: TraceTree, number: int) -> list[tuple[int, int]]:
    """Per position of a path, the branch that it belongs to and its place in the branch."""
    own = tree.branches[number]
    before = [] if own.parent is None else positions(tree, own.parent)[: own.position]
    return [*before, *((number, i) for i in range(len(own.trace)))]


def slow_path(tree: TraceTree, number: int) -> Trace:
    """A path, position by position."""
    places = [(tree.branches[b].trace, i) for b, i in positions(tree, number)]
    own = tree.branches[number].trace
    parts = list({id(t): t for t in (*(t for t, _ in places), own)}.values())
    names = dict.fromkeys(name for part in parts for name in part.channels)
    models = [part.model for part in parts if part.model is not None]
    return Trace(
        [t.tokens[i] for t, i in places],
        [t.logprobs[i] for t, i in places],
        [[(a.token, a.logprob) for a in t.alternatives[i]] for t, i in places],
        ranks=[t.ranks[i] for t, i in places],
        entropies=[t.entropies[i] for t, i in places],
        prompt=tree.prompt,
        distribution=own.distribution,
        model=models[-1] if models else None,
        partial=own.partial,
        channels={
            name: [t.channels[name][i] if name in t.channels else np.nan for t, i in places]
            for name in names
        },
        prompt_roles=tree.prompt_roles,
        prompt_turns=tree.prompt_turns,
        notes={word: note for part in parts for word, note in part.notes},
        source=([None] + [part.source for part in parts if part.source is not None])[-1],
        temperature=own.temperature,
        ranks_at_least=[t.ranks_at_least[i] for t, i in places],
        entropies_at_least=[t.entropies_at_least[i] for t, i in places],
        flags={
            name: [name in t.flags and t.flags[name][i] for t, i in places]
            for name in dict.fromkeys(name for part in parts for name in part.flags)
        },
        categories={
            name: [t.categories[name][i] if name in t.categories else None for t, i in places]
            for name in dict.fromkeys(name for part in parts for name in part.categories)
        },
    )


def signs(trace: Trace) -> list[list[bool]]:
    """The signs of its numbers: −0.0 equals 0.0, so equality does not show them."""
    columns = (trace.logprobs, trace.alternative_logprobs, trace.entropies)
    return [np.signbit(column[~np.isnan(column)]).tolist() for column in columns]


@given(traces())
@relaxed
def test_a_trace_is_a_tree_of_one_branch(trace: Trace) -> None:
    tree = TraceTree.of(trace)
    assert len(tree) == 1 and tree.leaves == (0,)
    assert tree.path(0) == trace and signs(tree.path(0)) == signs(trace)
    assert tree.branches[0].trace.prompt == ()


def test_a_chat_is_a_tree_of_one_branch() -> None:
    trace = Trace(
        ["a"], [-1], prompt=["p"], prompt_roles=["user"], prompt_turns=[0], partial=True,
        channels={"loss": [2.0]}, notes={"temperature": "0.5"}, model="m",
    )  # fmt: skip
    tree = TraceTree.of(trace, name="first", origin=Origin("read"))
    assert tree.path(0) == trace
    assert tree.path(0).prompt_roles == ("user",) and tree.branches[0].trace.prompt_roles is None
    assert tree.branches[0].name == "first" and tree.branches[0].origin.kind == "read"
    assert TraceTree.of(Trace([], [], prompt_roles=[])).path(0) == Trace([], [], prompt_roles=[])


@given(trees(branches=8))
@relaxed
def test_paths_are_those_of_the_slow_way(tree: TraceTree) -> None:
    for number in range(len(tree)):
        expected = slow_path(tree, number)
        for _ in range(2):  # the second is kept from the first
            path = tree.path(number)
            assert path == expected and signs(path) == signs(expected)
        assert tree.length(number) == len(expected)
        owners = [tree.owner(number, i) for i in range(len(path))]
        assert owners == [b for b, _ in positions(tree, number)]
        ids = [token.id for token in (*expected.prompt, *expected.tokens)]
        assert tree.ids(number) == (None if None in ids else ids)


@given(trees(branches=8).flatmap(lambda tree: st.tuples(st.just(tree), questions(tree))))
@relaxed
def test_a_canonical_question_is_of_the_same_tokens(
    case: tuple[TraceTree, Question | None],
) -> None:
    tree, question = case
    if question is None:
        return
    canonical = tree.canonical(question)
    assert tree.canonical(canonical) == canonical
    asked, moved = (positions(tree, q.branch)[: q.stop] for q in (question, canonical))
    assert asked == moved
    owners = {b for b, _ in asked[question.start :]}
    assert canonical.branch == (owners.pop() if len(owners) == 1 else question.branch)


def test_lines_of_branches() -> None:
    tree = small()
    assert [tree.path(i).text for i in range(4)] == ["abcd", "abxy", "abxz", "abw"]
    assert tree.children(0) == (1,) and tree.children(2) == (3,) and tree.leaves == (3,)
    assert [tree.owner(2, i) for i in range(4)] == [0, 0, 1, 2]
    assert [tree.owner(3, i) for i in range(3)] == [0, 0, 3]
    first, across = Question(3, 1, 2, method="m"), Question(2, 1, 3, method="m")
    assert tree.canonical(first) == Question(0, 1, 2, method="m")
    assert tree.canonical(across) == across  # over the fork at 2


def test_a_path_has_the_channels_of_its_parts() -> None:
    root = branch("ab", None, channels={"loss": [1, 2]}, model="m", notes={"a": "1", "b": "1"})
    fork = branch("c", 0, 1, channels={"mine": [3]}, notes={"b": "2"}, partial=True)
    path = TraceTree([], [root, fork]).path(1)
    np.testing.assert_array_equal(path.channels["loss"], np.float32([1, np.nan]))
    np.testing.assert_array_equal(path.channels["mine"], np.float32([np.nan, 3]))
    assert path.model == "m" and path.partial and path.notes == (("a", "1"), ("b", "2"))
    from_the_start = TraceTree([], [root, branch("c")]).path(1)
    assert not from_the_start.channels and from_the_start.model is None


@given(trees(branches=3), st.data())
@relaxed
def test_trees_come_of_trees_that_stay(tree: TraceTree, data: st.DataObject) -> None:
    history: list[tuple[TraceTree, TraceTree]] = []
    for _ in range(data.draw(st.integers(1, 6))):
        history.append((tree, pickle.loads(pickle.dumps(tree))))
        for number in range(len(tree)):
            tree.path(number)
        number = data.draw(st.integers(0, len(tree) - 1))
        match data.draw(st.sampled_from(["branch", "answer", "outcome", "rename", "grow"])):
            case "branch":
                new = data.draw(forks(tree))
                tree = tree.with_branch(new)
                assert tree.branches[-1] is new and len(tree) == len(history[-1][0]) + 1
            case "answer":
                answer = data.draw(answers(tree))
                if answer is not None:
                    tree = tree.with_answer(answer)
                    assert tree.answer(answer.question) is answer.attribution
            case "outcome":
                outcome = data.draw(outcomes(tree))
                if outcome is not None:
                    tree = tree.with_outcome(outcome)
                    assert tree.outcome(outcome.change) is outcome.trace
            case "rename":
                tree = tree.renamed(number, "another")
                assert tree.branches[number].name == "another"
            case "grow":
                more = data.draw(runs(tree.distribution))
                own = tree.branches[number].trace
                parts = [Branch(own, None, 0, "", WRITTEN), Branch(more, 0, len(own), "", WRITTEN)]
                run = slow_path(TraceTree([], parts), 1)
                tree = tree.with_trace(number, run)
        built = TraceTree(
            tree.prompt, tree.branches, tree.answers, tree.outcomes,
            prompt_roles=tree.prompt_roles, prompt_turns=tree.prompt_turns,
        )  # fmt: skip
        assert tree == built
        for number in range(len(tree)):
            assert tree.path(number) == built.path(number)
        for earlier, copied in history:
            assert earlier == copied
            assert all(earlier.path(i) == copied.path(i) for i in range(len(earlier)))


def test_what_is_known_already_is_not_touched() -> None:
    tree = small()
    answer = Answer(Question(0, 1, 2, method="m"), Attribution([[1]] * 3, list("pqa"), ["b"]))
    more = tree.with_answer(answer).with_branch(branch("v", 0, 1)).renamed(0, "root")
    assert more.branches[1] is tree.branches[1] and more.answers[0] is answer
    assert (len(tree), len(tree.answers), tree.branches[0].name) == (4, 0, "abcd")


def test_the_newer_answer_takes_the_place_of_the_older() -> None:
    tree = small()
    old = Attribution([[1.0]] * 3, list("pqa"), ["b"])
    new = Attribution([[2.0]] * 3, list("pqa"), ["b"])
    other = Attribution([[3.0]] * 2, list("pq"), ["a"])
    tree = tree.with_answer(Answer(Question(3, 1, 2, method="m"), old))
    tree = tree.with_answer(Answer(Question(0, 0, 1, method="m"), other))
    assert tree.answers[0].question.branch == 0  # who wrote it
    again = tree.with_answer(Answer(Question(1, 1, 2, method="m"), new))
    assert [a.attribution for a in again.answers] == [new, other]
    assert again.answer(Question(2, 1, 2, method="m")) == new
    assert tree.answer(Question(2, 1, 2, method="m")) == old
    assert tree.answer(Question(2, 1, 2, method="other")) is None


def test_the_newer_outcome_takes_the_place_of_the_older() -> None:
    change, tree = Change(1, 0, 1, "delete"), small()
    assert tree.outcome(change) is None
    old, new = (Trace(list("abxy"), [n] * 4, prompt=["q"]) for n in (-1.0, -2.0))
    first = tree.with_outcome(Outcome(change, old))
    second = first.with_outcome(Outcome(change, new))
    assert first.outcome(change) == old and second.outcome(change) == new
    assert len(second.outcomes) == 1


def test_a_branch_that_is_written_further() -> None:
    tree = small()
    change = Change(1, 0, 1, "mute")
    tree = tree.with_outcome(Outcome(change, Trace(list("abxy"), [-1.0] * 4)))
    longer = tree.with_trace(1, Trace(list("xyz"), [-1.0] * 3, prompt=["p"]))
    assert longer.path(1).text == "abxyz" and tree.path(1).text == "abxy"
    assert longer.path(2).text == "abxz"
    scored = longer.outcome(change)
    assert scored is not None and scored.partial and len(scored) == 4
    assert len(small().with_trace(3, Trace([], [], partial=True)).path(3)) == 2
    for fewer, used in ((Trace(["x"], [-1.0]), 2), (Trace(["v", "y"], [-1.0] * 2), 2)):
        with pytest.raises(ValueError, match=f"trace: expected its first {used} tokens as they"):
            tree.with_trace(1, fewer)
    with pytest.raises(ValueError, match="trace: expected its first 1 tokens"):
        small().with_trace(1, Trace([], [], partial=True))
    assert small().with_trace(1, Trace(["x"], [-1.0])).path(2).text == "abxz"
    with pytest.raises(ValueError, match="distribution: expected 'model' as of branch 0"):
        tree.with_trace(0, Trace(list("abcd"), [-1.0] * 4, distribution="sampling"))
    with pytest.raises(TypeError, match="trace: expected Trace, got str"):
        tree.with_trace(0, "abcd")


def test_what_answers_and_branches_refer_to_stays() -> None:
    root = Branch(Trace(["a"], [-1], [{"b": -1, "c": -2}]), None, 0, "", WRITTEN)
    fork = Branch(Trace(["c"], [-1]), 0, 0, "", Origin("alternative", 1, slot=2))
    asked = Answer(Question(0, 0, 1, 2, method="m"), Attribution([[0]], ["p"], ["c"]))
    fewer = Trace(["a"], [-1], [{"b": -1}])
    with pytest.raises(ValueError, match=r"branches\[1\].origin.slot: expected at most 1"):
        TraceTree([], [root, fork]).with_trace(0, fewer)
    with pytest.raises(ValueError, match=r"answers\[0\].question.slot: expected at most 1"):
        TraceTree(["p"], [root], [asked]).with_trace(0, fewer)


def test_log_probabilities_of_paths() -> None:
    root = Branch(Trace(["a", "b"], [np.nan, -2]), None, 0, "", Origin("read"))
    tree = TraceTree([], [root, branch("cd", 0, 1), branch("e", 0, 2)])
    assert [tree.logprob(i) for i in range(3)] == [-2, -2, -3]
    assert [tree.logprob(i, per_token=True) for i in range(3)] == [-2, -1, -1.5]
    unknown = TraceTree.of(Trace(["a"], [np.nan]))
    assert math.isnan(unknown.logprob(0)) and math.isnan(unknown.logprob(0, per_token=True))
    empty = TraceTree.of(Trace([], []))
    assert empty.logprob(0) == 0 and math.isnan(empty.logprob(0, per_token=True))
    never = TraceTree.of(Trace(["a", "b"], [-np.inf, -1]))
    assert never.logprob(0) == -np.inf == never.logprob(0, per_token=True)


def test_ids_of_the_prompt_and_the_path() -> None:
    root = Branch(Trace([Token("a", id=1), Token("b", id=2)], [-1, -1]), None, 0, "", WRITTEN)
    fork = Branch(Trace([Token("c", id=3)], [-1]), 0, 1, "", TOKEN)
    tree = TraceTree([Token("p", id=0)], [root, fork, branch("d", 0, 1)])
    assert [tree.ids(i) for i in range(3)] == [[0, 1, 2], [0, 1, 3], None]
    assert TraceTree(["p"], [root]).ids(0) is None


def test_to_pandas_has_each_branch_once() -> None:
    pytest.importorskip("pandas")
    root = Branch(
        Trace(["a", "b"], [-1, -2], [{"c": -3}, {}], channels={"name": [5, 6]}),
        *(None, 0, "root", WRITTEN),
    )
    tree = TraceTree([], [root, branch("xy", 0, 1), branch("", 1, 3), branch("z", 1, 2)])
    frame = tree.to_pandas()
    assert list(frame.columns[:6]) == ["branch", "name", "parent", "position", "slot", "token"]
    assert frame["branch"].tolist() == [0, 0, 0, 1, 1, 3]
    assert frame["name"].tolist() == ["root"] * 3 + ["xy"] * 2 + ["z"]
    assert frame["parent"].isna().tolist() == [True] * 3 + [False] * 3
    assert frame["position"].tolist() == [0, 0, 1, 1, 2, 2]
    assert frame["token"].tolist() == ["a", "c", "b", "x", "y", "z"]
    np.testing.assert_array_equal(frame["name (channel)"], [5, np.nan, 6] + [np.nan] * 3)


@given(trees())
@relaxed
def test_to_pandas_is_the_branches_frames(tree: TraceTree) -> None:
    frame = tree.to_pandas()
    for number, each in enumerate(tree.branches):
        own, expected = frame[frame["branch"] == number], each.trace.to_pandas()
        assert own["position"].tolist() == (expected["position"] + each.position).tolist()
        for name in ("slot", "token"):
            assert own[name].tolist() == expected[name].tolist()
        np.testing.assert_array_equal(own["logprob"], expected["logprob"])


def test_deep_trees_take_no_longer_for_each_position() -> None:
    """A file may hold a chain as long as it likes, and ask of its end."""
    began = time.process_time()
    chain, n = Ancestry(), 50_000
    chain.add(None, 0)
    for i in range(1, n):
        chain.add(i - 1, i)
    assert [chain.owner(n - 1, p) for p in range(0, n, 5)] == list(range(0, n, 5))
    assert time.process_time() - began < 5  # step by step it takes 250 million


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=40))
def test_lines_are_those_of_walking_up(choices: list[tuple[int, int]]) -> None:
    lines, parents, places = Ancestry(), [0], [0]
    lines.add(None, 0)
    for parent, position in choices:
        parents.append(parent % len(parents))
        places.append(position % (places[parents[-1]] + 3))  # as if each had two tokens
        lines.add(parents[-1], places[-1])
    for number in range(len(parents)):
        for position in range(places[number] + 2):
            walking = number
            while places[walking] > position:
                walking = parents[walking]
            assert lines.owner(number, position) == walking
        line = list(lines.line(number))
        owners = [lines.owner(number, p) for p in range(places[number] + 1)]
        assert line[::-1] == list(dict.fromkeys(owners))


def test_copies_are_equal_and_short_to_read() -> None:
    tree = small()
    copied = pickle.loads(pickle.dumps(tree))
    assert copied == tree and copied.path(2) == tree.path(2)
    assert not copied.branches[0].trace.logprobs.flags.writeable
    assert tree != tree.renamed(0, "other") and tree != "tree"
    assert repr(tree) == "TraceTree(4 branches, 'abcd')"
    assert repr(tree.branches[1]) == "Branch('xy', from 0 at 2, token, 2 tokens)"
    assert repr(tree.branches[0]) == "Branch('abcd', root, written, 4 tokens)"
    assert tv.TraceTree is TraceTree


def test_options_are_what_json_can_hold() -> None:
    given = {"seed": np.int64(3), "stop": ["a", ["b"]], "temperature": 0.5, "more": {"x": None}}
    origin = Origin("written", options=given)
    assert origin.options == (
        ("seed", 3), ("stop", ("a", ("b",))), ("temperature", 0.5), ("more", {"x": None}),
    )  # fmt: skip
    assert type(origin.options[0][1]) is int
    assert origin == Origin("written", options=origin.options)


ATTRIBUTION = Attribution([[1.0]] * 2, ["p", "q"], ["a"])
FEW = Trace(["a"], [-1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Origin("other"), "kind: expected one of 'written', 'read', .*got 'other'"),
        (lambda: Origin("token", -1), "forced: expected a whole number ≥ 0, got -1"),
        (lambda: Origin("alternative"), "slot: expected one of the kind 'alternative', got None"),
        (lambda: Origin("alternative", slot=0), "slot: expected a whole number ≥ 1, got 0"),
        (lambda: Origin("token", slot=1), "slot: expected None of the kind 'token', got 1"),
        (lambda: Origin("text"), "text: expected one of the kind 'text', got None"),
        (lambda: Origin("read", text="a"), "text: expected None of the kind 'read', got 'a'"),
        (lambda: Origin("text", text="\ud800"), "text: .*lone surrogate"),
        (lambda: Origin("read", options="ab"), "options: expected pairs of names and values"),
        (lambda: Origin("read", options=[("a",)]), "options: expected pairs of names and values"),
        (lambda: Origin("read", options=[("a", 1), ("a", 2)]), "options: 'a' is there twice"),
        (lambda: Origin("read", options={"a": math.nan}), r"options\['a'\]: expected a finite"),
        (lambda: Origin("read", options={"a": [{1}]}), r"options\['a'\]\[0\]: expected what JSON"),
        (lambda: Origin("read", options={"a": {1: 2}}), r"options\['a'\]: expected a str"),
        (lambda: Branch("a", None, 0, "", WRITTEN), "trace: expected a Trace, got str"),
        (lambda: Branch(FEW, None, 0, "", None), "origin: expected an Origin, got NoneType"),
        (lambda: Branch(FEW, None, 0, None, WRITTEN), "name: expected a str, got NoneType"),
        (lambda: Branch(FEW, None, 1, "", WRITTEN), "position: expected 0 .*got 1"),
        (lambda: Branch(FEW, 0, -1, "", TOKEN), "position: expected a whole number ≥ 0, got -1"),
        (lambda: Branch(FEW, 0.5, 0, "", TOKEN), "parent: expected a whole number, got 0.5"),
        (lambda: Branch(FEW, None, 0, "", TOKEN), "origin.kind: expected one of written, read of"),
        (lambda: Branch(FEW, 0, 0, "", Origin("read")), "origin.kind: .*got 'read'"),
        (lambda: Branch(FEW, 0, 0, "", Origin("token", 2)), "origin.forced: expected at most"),
        (
            lambda: Branch(Trace([], [], prompt=["p"]), None, 0, "", WRITTEN),
            "trace.prompt: expected none, got 1 tokens",
        ),
        (lambda: Question(0, 2, 2, method="m"), "stop: expected a whole number ≥ 3, got 2"),
        (lambda: Question(0, 0, 1), "method: expected the name of an attribution method"),
        (lambda: Question(0, 0, 2, 1, method="m"), "slot: expected 0 of 2 tokens.*got 1"),
        (lambda: Question(0, 0, 2, 0, 1, "m"), "instead_of: expected None of 2 tokens.*got 1"),
        (lambda: Question(0, 0, 1, 1, 1, "m"), "instead_of: expected another slot than 1"),
        (lambda: Answer(None, ATTRIBUTION), "question: expected a Question, got NoneType"),
        (
            lambda: Answer(Question(0, 0, 1, method="m"), Attribution([[1, 2]], ["p"], ["a", "b"])),
            "attribution: expected one column, got 2",
        ),
        (lambda: Change(0, 1, 1, "delete"), "stop: expected a whole number ≥ 2, got 1"),
        (lambda: Change(0, 0, 1, "cut"), "how: expected one of 'delete', .*got 'cut'"),
        (lambda: Change(0, 0, 1, "replace"), "text: expected a text of 'replace', got None"),
        (lambda: Change(0, 0, 1, "mute", "a"), "text: expected None of 'mute', got 'a'"),
        (lambda: Outcome(None, FEW), "change: expected a Change, got NoneType"),
    ],
)  # fmt: skip
def test_bad_parts_name_the_entry(make: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        make()


ASKED = Answer(Question(0, 0, 1, method="m"), ATTRIBUTION)
SCORED = Outcome(Change(0, 0, 1, "delete"), Trace(list("abcd"), [-1.0] * 4))
SLOT = Branch(FEW, 0, 1, "", Origin("alternative", 1, slot=1))


def without_branches(**changed: Any) -> TraceTree:
    tree = small()
    own = {"branches": tree.branches, "answers": tree.answers, "outcomes": tree.outcomes}
    return TraceTree(tree.prompt, **(own | changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"branches": []}, "branches: expected at least one, got none"),
        ({"branches": "ab"}, "branches: expected a sequence, got str"),
        ({"branches": [FEW]}, r"branches\[0\]: expected Branch, got Trace"),
        ({"branches": [branch("a")]}, r"branches\[0\].parent: expected None of the first branch"),
        ({"branches": [branch("a", None)] * 2}, r"branches\[1\].parent: expected one, only"),
        (
            {"branches": [branch("a", None), branch("b", 1)]},
            r"branches\[1\].parent: expected a branch before it \(0 to 0\), got 1",
        ),
        (
            {"branches": [branch("a", None), branch("b", 0, 2)]},
            r"branches\[1\].position: expected 0 to 1, the length of its parent's path, got 2",
        ),
        (
            {"branches": [branch("a", None), branch("b", distribution="sampling")]},
            r"branches\[1\].trace.distribution: expected 'model' as of branch 0, got 'sampling'",
        ),
        (
            {"branches": [branch("ab", None), SLOT]},
            r"branches\[1\].origin.slot: expected at most 0, the alternatives at position 1, got 1",
        ),
        ({"answers": [SCORED]}, r"answers\[0\]: expected Answer, got Outcome"),
        ({"answers": [ASKED, ASKED]}, r"answers\[1\].question: expected another than answers\[0\]"),
        (
            {"answers": [Answer(Question(4, 0, 1, method="m"), ATTRIBUTION)]},
            r"answers\[0\].question.branch: expected one of 4 branches, got 4",
        ),
        (
            {"answers": [Answer(Question(0, 0, 5, method="m"), ATTRIBUTION)]},
            r"answers\[0\].question.stop: expected at most 4, the length of the path, got 5",
        ),
        (
            {"answers": [Answer(Question(0, 0, 1, 1, method="m"), ATTRIBUTION)]},
            r"answers\[0\].question.slot: expected at most 0, the alternatives at position 0",
        ),
        (
            {"answers": [Answer(Question(0, 0, 1, 0, 1, "m"), ATTRIBUTION)]},
            r"answers\[0\].question.instead_of: expected at most 0",
        ),
        (
            {"answers": [Answer(Question(0, 1, 2, method="m"), ATTRIBUTION)]},
            r"answers\[0\].attribution: expected 3 rows \(2 tokens of the prompt and 1 before",
        ),
        ({"outcomes": [SCORED, SCORED]}, r"outcomes\[1\].change: expected another than outcomes"),
        (
            {"outcomes": [Outcome(Change(9, 0, 1, "delete"), FEW)]},
            r"outcomes\[0\].change.branch: expected one of 4 branches, got 9",
        ),
        (
            {"outcomes": [Outcome(Change(0, 0, 3, "delete"), FEW)]},
            r"outcomes\[0\].change.stop: expected at most 2, the length of the prompt, got 3",
        ),
        (
            {"outcomes": [Outcome(Change(0, 0, 1, "delete"), FEW)]},
            r"outcomes\[0\].trace: expected the 4 tokens of the path, got 1",
        ),
    ],
)  # fmt: skip
def test_bad_trees_name_the_entry(changed: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        without_branches(**changed)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda tree: tree.path(4), "branch: expected one of 4 branches, got 4"),
        (lambda tree: tree.path(-1), "branch: expected a whole number ≥ 0, got -1"),
        (lambda tree: tree.children(9), "branch: expected one of 4 branches, got 9"),
        (lambda tree: tree.owner(3, 3), "position: expected one of the path's 3 tokens, got 3"),
        (lambda tree: tree.renamed(0, 5), "name: expected a str, got int"),
        (lambda tree: tree.with_branch(FEW), "branch: expected Branch, got Trace"),
        (lambda tree: tree.with_branch(branch("a", 4)), "branch.parent: expected a branch before"),
        (lambda tree: tree.with_answer(SCORED), "answer: expected Answer, got Outcome"),
        (lambda tree: tree.with_outcome(ASKED), "outcome: expected Outcome, got Answer"),
        (lambda tree: TraceTree.of("text"), "trace: expected a Trace, got str"),
    ],
)
def test_bad_questions_to_a_tree(ask: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        ask(small())
