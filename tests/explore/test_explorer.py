"""An explorer in the kernel: its answers are the model's, and its messages add up to its tree."""

from __future__ import annotations

import copy
import pickle
import threading
import time
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tokenviz as tv
from tests.explore.reader import Reader, whole
from tests.live.test_live_trace import Gate, wait_for
from tests.model.small import random_lm
from tokenviz.data.questions import Answer, Question
from tokenviz.data.trace import Trace
from tokenviz.explore.explorer import Explorer
from tokenviz.explore.idle import gains
from tokenviz.explore.session import DEFAULT_METHOD
from tokenviz.live import writing
from tokenviz.model.attributing.methods.method import DEFAULT
from tokenviz.model.exploring import ExploredModel

PROMPT = "The cat sat on"


@cache
def answered() -> tv.TraceTree:
    explorer = random_lm().explore(PROMPT, max_new_tokens=12)
    explorer.wait(60)
    return explorer.tree


def an_explorer(**options: Any) -> Explorer:
    """One whose first text is written already."""
    return Explorer(random_lm(), answered(), options={"max_new_tokens": 6} | options)


def ids_of(explorer: Explorer, stop: int | None = None) -> list[int]:
    path = explorer.trace
    return [token.id or 0 for token in (*path.prompt, *path.tokens[:stop])]


def test_it_writes_what_generate_writes() -> None:
    lm = random_lm()
    explorer = lm.explore(PROMPT, max_new_tokens=12)
    assert isinstance(explorer, tv.Explorer)
    trace = explorer.wait(60)
    plain = lm.generate(PROMPT, max_new_tokens=12)
    # What another explorer of the model remembers of the prompt may have been rounded otherwise.
    assert trace.tokens == plain.tokens and trace.notes == plain.notes
    assert np.allclose(trace.logprobs, plain.logprobs, atol=1e-5)
    assert explorer.tree.path(0) == trace and len(explorer.tree) == 1
    assert explorer.tree.branches[0].origin.options == (("max_new_tokens", 12),)
    assert not explorer.running and "partial" not in explorer.caption


def test_no_bar_runs_beside_what_is_seen_in_the_figure() -> None:
    model = ExploredModel(random_lm(), {"max_new_tokens": 3})
    assert model.begin(PROMPT).progress is False
    assert model.go_on([1, 2], [3], {"max_new_tokens": 2}).progress is False
    asked_for = ExploredModel(random_lm(), {"max_new_tokens": 3, "progress": True})
    assert asked_for.begin(PROMPT).progress is True


def test_what_questions_share_is_computed_while_nobody_asks() -> None:
    explorer = random_lm().explore(PROMPT, max_new_tokens=12)
    explorer.wait(60)
    session = explorer._session

    def costs_one_pass_back(position: int) -> bool:
        assert session._readying.join(60)
        found = explorer.why(position)
        return found.positions == len(found.tokens)

    assert costs_one_pass_back(11) and costs_one_pass_back(4)
    explorer.branch(3, 1)
    explorer.wait(60)
    assert costs_one_pass_back(9)
    explorer.current = 0
    assert costs_one_pass_back(7), "both are kept"
    explorer.close()
    assert not session.model._rehearsals.nbytes


def test_what_was_begun_for_questions_is_left_for_what_is_written() -> None:
    explorer = an_explorer()
    session, model = explorer._session, explorer._session.model
    begun, left = threading.Event(), threading.Event()

    def get_ready(ids: Any, unwanted: Any) -> None:
        begun.set()
        wait_for(unwanted)
        left.set()

    model.get_ready = get_ready  # type: ignore[method-assign]
    explorer.why(3)
    assert begun.wait(20)
    explorer.branch(3, 1)
    assert left.wait(20) and explorer.wait(60)
    session.drop()


def test_why_is_what_attribute_says() -> None:
    explorer, lm = an_explorer(), random_lm()
    path = explorer.trace
    found = explorer.why(5)
    expected = lm.attribute(ids_of(explorer, 5), [[path.tokens[5].id or 0]])
    assert np.array_equal(found.values, expected.values)
    assert found.tokens == (*path.prompt, *path.tokens[:5])
    assert explorer.why(5) is found and explorer.tree.answers[0].attribution is found
    assert explorer._view["selected"] == [5, 0]

    other = explorer.why(5, 1, method="input_x_gradient")
    alternative = path.alternatives[5][0].token
    expected = lm.attribute(ids_of(explorer, 5), [[alternative.id or 0]], method="input_x_gradient")
    assert np.array_equal(other.values, expected.values)

    rather = explorer.why(5, 0, instead_of=2, method="input_x_gradient")
    foil = path.alternatives[5][1].token
    contrast = tv.Contrast([path.tokens[5].id or 0], [foil.id or 0])
    expected = lm.attribute(ids_of(explorer, 5), [contrast], method="input_x_gradient")
    assert np.array_equal(rather.values, expected.values)
    assert explorer._view["against"] == 2

    several = explorer.why(span=(3, 6), method="input_x_gradient")
    own = [token.id or 0 for token in path.tokens[3:6]]
    expected = lm.attribute(ids_of(explorer, 3), [own], method="input_x_gradient")
    assert np.array_equal(several.values, expected.values)
    assert explorer._view["span"] == [3, 6] and len(explorer.tree.answers) == 4


def test_a_branch_is_what_generate_writes_from_the_same_ids() -> None:
    explorer, lm = an_explorer(), random_lm()
    before = explorer.trace
    number = explorer.branch(4, 2)
    path = explorer.wait(60)
    chosen = before.alternatives[4][1].token
    assert path.tokens[:4] == before.tokens[:4] and path.tokens[4] == chosen
    expected = lm.generate([*ids_of(explorer, 4), chosen.id or 0], max_new_tokens=6)
    assert path.tokens[5:] == expected.tokens
    assert np.allclose(path.logprobs[5:], expected.logprobs, atol=1e-5)
    assert np.isclose(path.logprobs[4], before.alternatives[4][1].logprob, atol=1e-5)
    assert explorer.current == number == 1 and explorer.tree.path(0) == before
    branch = explorer.tree.branches[1]
    assert (branch.parent, branch.position, branch.origin.kind) == (0, 4, "alternative")
    assert branch.name == chosen.label

    # The same again is the same branch; another way there is another.
    explorer.current = 0
    assert explorer.branch(4, 2) == 1 and len(explorer.tree) == 2
    explorer.wait(60)
    assert explorer.branch(7, "xyz", name="mine") == 2
    typed = explorer.wait(60)
    assert typed.tokens[:7] == path.tokens[:7]
    assert b"".join(token.bytes for token in typed.tokens[7:]).startswith(b"xyz")
    assert explorer.tree.branches[2].name == "mine"
    end = len(typed)
    explorer.branch(end)
    longer = explorer.wait(60)
    assert longer.tokens[:end] == typed.tokens and len(longer) == end + 6


def test_a_branch_at_the_fork_of_another_leaves_its_parent() -> None:
    explorer = an_explorer()
    root = explorer.trace
    explorer.branch(4, 1)
    first = explorer.wait(60)
    # There, the token that the root has is an alternative: choosing it shows the root again.
    others = [other.token for other in first.alternatives[4]]
    assert explorer.branch(4, 1 + others.index(root.tokens[4])) == 0 and len(explorer.tree) == 1 + 1
    explorer.current = 1
    second = root.alternatives[4][1].token
    number = explorer.branch(4, 1 + others.index(second))
    explorer.wait(60)
    assert number == 2 and [b.parent for b in explorer.tree.branches] == [None, 0, 0]
    assert explorer.tree.branches[2].origin.slot == 2
    assert explorer.branch(0, 1) == 3
    explorer.wait(60)
    assert (explorer.tree.branches[3].parent, explorer.tree.branches[3].position) == (0, 0)
    assert explorer.branch(1, tv.Token("?", id=7)) == 4
    explorer.wait(60)
    assert explorer.tree.branches[4].origin.kind in ("token", "alternative")
    assert explorer.trace.tokens[1].id == 7


def test_the_text_s_own_token_written_on_otherwise_is_a_branch() -> None:
    explorer = an_explorer()
    root = explorer.trace
    assert explorer.branch(4, 0) == 0
    assert explorer.branch(4, 0, temperature=1.0, seed=3) == 1
    assert explorer.wait(60).tokens[:5] == root.tokens[:5]
    explorer.current = 0
    with pytest.raises(TypeError, match="did you mean 'temperature'"):
        explorer.branch(4, 0, temprature=1.0)


def test_without_scores_the_same_answer() -> None:
    explorer, lm = an_explorer(), random_lm()
    path = explorer.trace
    prompt = [token.id or 0 for token in path.prompt]
    own = [token.id or 0 for token in path.tokens]
    found = explorer.without((1, 2))
    expected = lm.score(own, prompt=[prompt[0], *prompt[2:]])
    assert np.array_equal(found.logprobs, expected.logprobs) and found.tokens == path.tokens
    assert explorer._view["outcome"] == 0
    assert explorer.without((1, 2)) is found
    put = explorer.without("cat", "replace", "dog")
    assert put.tokens == path.tokens and not np.allclose(put.logprobs, path.logprobs)
    muted = explorer.without((1, 2), "mute")
    assert muted.tokens == path.tokens and not np.allclose(muted.logprobs, path.logprobs)
    assert len(explorer.tree.outcomes) == 3
    with pytest.raises(ValueError, match="nothing is left of the prompt"):
        explorer.without((0, len(prompt)))


def test_messages_add_up_to_the_tree() -> None:
    explorer = random_lm().explore(PROMPT, max_new_tokens=40, on_token=lambda _: time.sleep(0.02))
    reader = Reader(explorer)
    wait_for(lambda: len(explorer.trace) > 4)
    explorer.why(2, method="input_x_gradient")
    assert explorer.tree.branches[0].trace.partial
    explorer.wait(60)
    assert reader.known() == whole(explorer.tree)
    explorer.branch(3, 1)
    explorer.wait(60)
    explorer.without("cat")
    explorer.why(6, method="gradient_norm")
    explorer.rename(1, "other")
    assert reader.known() == whole(explorer.tree)
    assert Reader(explorer).known() == whole(explorer.tree)


def test_what_a_view_asks_for() -> None:
    explorer = an_explorer()
    reader = Reader(explorer)

    def ask(content: Any) -> None:
        explorer._handle_custom_msg(content, [])
        explorer.wait(60)

    question = {"branch": 0, "start": 5, "stop": 6, "slot": 0, "instead_of": None, "method": None}
    ask({"tokenviz": "why", "question": question})
    questions = [each.question for each in explorer.tree.answers]
    assert questions == [Question(0, 5, 6, method="removal")]
    assert [one["state"] for one in reader.asked] == ["computing"]
    assert reader.asked[0]["question"] == question | {"method": "removal"}
    ask({"tokenviz": "why", "question": question})
    assert len(explorer.tree.answers) == 1 and len(reader.asked) == 1

    ask({"tokenviz": "go", "branch": 0, "position": 3, "slot": 1})
    ask({"tokenviz": "go", "branch": 1, "position": 5, "text": "abc"})
    assert [b.origin.kind for b in explorer.tree.branches] == ["written", "alternative", "text"]
    assert explorer.current == 2
    # A question about what is shared belongs to the branch that has it.
    ask({"tokenviz": "why", "question": question | {"branch": 2, "start": 2, "stop": 3}})
    assert [each.question.branch for each in explorer.tree.answers] == [0, 0]

    change = {"branch": 2, "start": 1, "stop": 2, "how": "delete", "text": None}
    ask({"tokenviz": "without", "change": change})
    assert len(explorer.tree.outcomes) == 1 and explorer._view["outcome"] == 0
    assert reader.known() == whole(explorer.tree)


@pytest.mark.parametrize(
    "content",
    [
        {"tokenviz": "why"}, {"tokenviz": "why", "question": None},
        {"tokenviz": "why", "question": {"branch": 0, "start": 99, "stop": 100, "slot": 0}},
        {"tokenviz": "why", "question": {"branch": 7, "start": 0, "stop": 1, "slot": 0}},
        {"tokenviz": "why", "question": {"branch": 0, "start": 1, "stop": 2, "slot": 99}},
        {"tokenviz": "why", "question": {"branch": 0, "start": 1, "stop": 2, "slot": 0,
                                         "method": "guessing"}},
        {"tokenviz": "go"}, {"tokenviz": "go", "branch": 0, "position": 99, "slot": 1},
        {"tokenviz": "go", "branch": 0, "position": 1, "slot": "one"},
        {"tokenviz": "go", "branch": 0, "position": 1, "text": ""},
        {"tokenviz": "without", "change": {"branch": 0, "start": 0, "stop": 99, "how": "delete"}},
        {"tokenviz": "without", "change": {"branch": 0, "start": 0, "stop": 1, "how": "sell"}},
        {"tokenviz": "without", "change": {"branch": 0, "start": 1, "stop": 2, "how": "replace"}},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_and_changes_nothing(content: Any) -> None:
    explorer = an_explorer()
    reader, view = Reader(explorer), explorer._view
    explorer._handle_custom_msg(copy.deepcopy(content), [])
    explorer.wait(60)
    assert reader.asked[-1]["state"] == "failed" and reader.asked[-1]["why"]
    assert explorer.tree == answered() and explorer._view == view


def test_the_last_question_wins() -> None:
    explorer = an_explorer()
    reader = Reader(explorer)
    for start in range(1, 9):
        question = {"branch": 0, "start": start, "stop": start + 1, "slot": 0}
        explorer._handle_custom_msg({"tokenviz": "why", "question": question}, [])
    explorer.wait(60)
    last = Question(0, 8, 9, method="removal")
    assert last in [answer.question for answer in explorer.tree.answers]
    states = [(one["question"]["start"], one["state"]) for one in reader.asked]
    kept = {answer.question.start for answer in explorer.tree.answers}
    dropped = {start for start, state in states if state == "dropped"}
    assert kept | dropped == set(range(1, 9)) and len(dropped) >= 5


def test_a_view_that_is_sent_is_taken_whole_or_not_at_all() -> None:
    explorer = an_explorer()
    explorer.branch(3, 1)
    explorer.wait(60)
    view = explorer._view
    explorer.set_state({"_view": view | {"current": 0, "selected": [2, 1]}})
    assert explorer.current == 0
    for wrong in ({"current": 9}, {"beside": 5}, {"outcome": 0}, {"selected": "x"}):
        explorer.set_state({"_view": explorer._view | wrong})
        assert explorer.current == 0 and explorer._view["selected"] == [2, 1]
    explorer.set_state({"_data": {}})
    assert len(explorer.tree) == 2


def test_back_forward_undo_redo() -> None:
    explorer = an_explorer()
    explorer.select(3)
    explorer.branch(3, 1)
    explorer.wait(60)
    explorer.rename(1, "other")
    assert explorer.tree.branches[1].name == "other"
    explorer.undo()
    assert explorer.tree.branches[1].name != "other"
    explorer.undo()
    assert explorer.current == 0 and len(explorer.tree) == 2
    explorer.redo()
    assert explorer.current == 1
    explorer.redo()
    assert explorer.tree.branches[1].name == "other"
    explorer.back()
    assert explorer.current == 0
    explorer.forward()
    assert explorer.current == 1
    explorer.beside(0)
    assert explorer._view["beside"] == 0


def test_the_whole_goes_into_a_file_and_comes_back(tmp_path: Path) -> None:
    explorer = an_explorer()
    explorer.branch(3, 1)
    explorer.wait(60)
    explorer.why(2, method="input_x_gradient")
    explorer.without("cat")
    for name in ("tree.npz", "tree.json"):
        back = tv.load(explorer.save(tmp_path / name))
        assert back == explorer.tree
    again = Explorer(random_lm(), back)  # type: ignore[arg-type]
    assert again.why(5, method="input_x_gradient").tokens
    pickled = pickle.loads(pickle.dumps(explorer))
    assert pickled.tree == explorer.tree


def test_without_a_model_it_shows_what_there_is() -> None:
    explorer = an_explorer()
    found = explorer.why(2, method="input_x_gradient")
    shown = explorer.tree.show()
    assert isinstance(shown, Explorer)
    assert np.array_equal(shown.why(2, method="input_x_gradient").values, found.values)
    with pytest.raises(RuntimeError, match="no model"):
        shown.why(3)
    with pytest.raises(RuntimeError, match="no model"):
        shown.branch(3, 1)
    reader = Reader(shown)
    shown._handle_custom_msg({"tokenviz": "go", "branch": 0, "position": 1, "slot": 1}, [])
    assert "no model" in reader.asked[0]["why"]


def test_a_trace_without_ids_says_so() -> None:
    explorer = Explorer(random_lm(), Trace(["a", "b"], [-1.0, -2.0], prompt=["x"]))
    with pytest.raises(ValueError, match="asked by ids"):
        explorer.why(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.why(99), "position: expected 0 to 11"), (lambda e: e.why(), "expected one"),
        (lambda e: e.why(1, 99), "slot: expected 0 to"),
        (lambda e: e.why(1, 0, instead_of=99), "instead_of: expected 0 to"),
        (lambda e: e.why(1, 1, instead_of=1), "instead_of: expected another"),
        (lambda e: e.why(span="not there"), "is not in the text"),
        (lambda e: e.why(1, method="guessing"), "method"),
        (lambda e: e.branch(99, 1), "position: expected 0 to 12"),
        (lambda e: e.branch(1, 99), "choice: expected a slot"),
        (lambda e: e.branch(1, 1.5), "choice: expected a slot, a Token or text"),
        (lambda e: e.branch(12, 1), "choice: expected no slot at the end"),
        (lambda e: e.without((5, 2)), "span: expected 0 ≤ start < stop"),
        (lambda e: e.without((0, 1), "replace"), "text: expected with"),
        (lambda e: e.without((0, 1), "sell"), "how: expected one of"),
        (lambda e: e.select(99), "position: expected one from"),
        (lambda e: e.rename(5, "x"), "branch: expected a branch from 0 to 0"),
        (lambda e: e.rename(0, " "), "name: expected 1 to"),
        (lambda e: setattr(e, "current", 4), "current: expected a branch"),
    ],
)  # fmt: skip
def test_bad_arguments(call: Any, message: str) -> None:
    explorer = an_explorer()
    with pytest.raises((TypeError, ValueError), match=message):
        call(explorer)
    assert explorer.tree == answered()


def test_probabilities_of_two_kinds_are_not_compared() -> None:
    explorer = random_lm().explore(
        PROMPT, max_new_tokens=5, temperature=1.0, seed=1, distribution="sampling"
    )
    explorer.wait(60)
    with pytest.raises(ValueError, match="distribution='model'"):
        explorer.without("cat")
    assert not explorer.tree.outcomes


def test_options_that_an_explorer_has_not() -> None:
    with pytest.raises(TypeError, match="stream: an explorer writes one text at a time"):
        random_lm().explore(PROMPT, stream=True)
    with pytest.raises(TypeError, match="prompt: expected text, chat messages or token ids"):
        random_lm().explore([PROMPT, PROMPT])
    with pytest.raises(TypeError, match="generate has no option 'nonsense'"):
        random_lm().explore(PROMPT, nonsense=1)


def test_looks_can_be_given_with_the_prompt() -> None:
    explorer = random_lm().explore(
        PROMPT, max_new_tokens=3, top_k=7, arrangement="flow", why_colormap="RdBu"
    )
    explorer.wait(60)
    assert (explorer.arrangement, explorer.why_colormap, explorer.top_k) == ("flow", "RdBu", 7)
    assert explorer.tree.branches[0].origin.options == (("max_new_tokens", 3), ("top_k", 7))


def test_the_last_token_of_the_prompt_is_not_muted() -> None:
    explorer = an_explorer()
    with pytest.raises(ValueError, match="span: the last token of the prompt cannot be muted"):
        explorer.without((1, len(explorer.tree.prompt)), "mute")


def test_the_same_seed_draws_the_same_branch() -> None:
    explorer = an_explorer(temperature=1.0, seed=3)
    explorer.branch(4, 1)
    path = explorer.wait(60)
    expected = random_lm().generate(ids_of(explorer, 5), max_new_tokens=6, temperature=1.0, seed=3)
    assert path.tokens[5:] == expected.tokens
    explorer.current = 0
    assert explorer.branch(4, 1) == 1
    # Without a seed what is drawn is another each time, and so is the branch.
    for number in (2, 3):
        explorer.current = 0
        assert explorer.branch(4, 1, seed=None) == number
        explorer.wait(60)


def test_stopped_in_the_middle_it_keeps_what_there_is() -> None:
    gate = Gate()
    explorer = random_lm().explore(PROMPT, max_new_tokens=50, on_token=gate)
    reader = Reader(explorer)
    gate.let(4)
    gate.arrive(5)
    explorer._handle_custom_msg({"tokenviz": "stop"}, [])
    gate.let(100)
    trace = explorer.wait(60)
    assert 5 <= len(trace) < 50 and trace.partial
    assert reader.known() == whole(explorer.tree)


def test_a_given_token_does_not_keep_back_the_first_that_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writing, "INTERVAL", 3600.0)
    gate = Gate()
    explorer = an_explorer(on_token=gate)
    reader = Reader(explorer)
    explorer._handle_custom_msg({"tokenviz": "go", "branch": 0, "position": 4, "slot": 1}, [])
    for told in (1, 2):
        gate.arrive()
        wait_for(partial(lambda told: len(reader.branches[1][1]) == told, told))
        gate.let()
    gate.let(100)
    explorer.wait(60)
    assert reader.known() == whole(explorer.tree)


def test_what_goes_wrong_while_writing_is_raised_where_it_is_waited_for() -> None:
    def fail(step: Any) -> None:
        if step.position == 3:
            raise RuntimeError("full")

    explorer = random_lm().explore(PROMPT, max_new_tokens=9, on_token=fail)
    with pytest.raises(RuntimeError, match="full"):
        explorer.wait(60)
    assert len(explorer.trace) == 4 and explorer.trace.partial
    wait_for(lambda: not explorer.running)


def test_a_change_of_what_is_being_written_is_of_its_beginning(tmp_path: Path) -> None:
    explorer = random_lm().explore(PROMPT, max_new_tokens=50, on_token=lambda _: time.sleep(0.02))
    reader = Reader(explorer)
    wait_for(lambda: len(explorer.trace) > 4)
    model = explorer._session.model
    read_again = model.read_again

    def while_it_is_written_on(*asked: Any) -> Trace:
        found = read_again(*asked)
        wait_for(lambda: len(explorer.trace) > len(found))
        return found

    model.read_again = while_it_is_written_on  # type: ignore[method-assign]
    found = explorer.without((1, 2))
    model.read_again = read_again  # type: ignore[method-assign]
    assert 4 < len(found) < len(explorer.trace) and found.partial
    explorer.wait(60)
    assert tv.load(explorer.save(tmp_path / "tree.npz")) == explorer.tree
    again = explorer.without((1, 2))
    assert len(again) == 50 and not again.partial and len(explorer.tree.outcomes) == 1
    assert reader.known() == whole(explorer.tree)


def test_answers_are_expected_to_take_what_the_last_one_took() -> None:
    explorer = an_explorer()
    session = explorer._session
    quick = Question(0, 3, 4, method="gradient_norm")
    assert session.expected_seconds(quick) is None
    found = explorer.why(5, method="gradient_norm")
    assert found.seconds is not None and 0 < (session.expected_seconds(quick) or 0) < found.seconds
    slow = replace(found, seconds=1.5)
    session.journal.keep(Answer(Question(0, 5, 6, method="gradient_norm"), slow))
    rows, prompt = len(found.tokens), len(explorer.tree.prompt)
    assert session.expected_seconds(quick) == pytest.approx(1.5 * (prompt + 3) / rows)
    later = Question(0, 11, 12, method="gradient_norm")
    assert session.expected_seconds(later) == pytest.approx(1.5 * (prompt + 11) / rows)
    assert session.expected_seconds(Question(0, 3, 4, method="shapley")) is None


def test_the_main_thread_is_asked_for_what_takes_neither_a_moment_nor_long() -> None:
    asked = {None: False, 0.1: False, 0.5: True, 1.5: True, 3.0: False}
    assert {seconds: gains(seconds) for seconds in asked} == asked


def test_the_default_method_is_that_of_attribute() -> None:
    assert DEFAULT_METHOD == DEFAULT
