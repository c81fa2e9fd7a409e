"""A tree as it crosses to the browser, and back out of a saved notebook or page.

One vocabulary serves the whole tree, and a number in it never means another token later, so that
what is added to the tree costs what it adds. A label may depend on what stands before: pieces of a
character are numbered by what they are pieces of. Where a branch changes how the last tokens before
it read, it says so (``before``).

Paired with ``js/explore/wire.ts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import LONGEST_CHARACTER, Token, displayed, is_text
from tokenviz.data.trace import Trace
from tokenviz.data.tree import (
    Answer,
    Branch,
    Change,
    Origin,
    Outcome,
    Question,
    TraceTree,
)
from tokenviz.explore.packing import Run, pack, unpack
from tokenviz.live.growing import Entries
from tokenviz.wire import (
    Wire,
    _array,
    _shown_in_context,
    _tokens,
    _values,
    attribution_facts,
    decode_marks,
    trace_channels,
    trace_facts,
    trace_marks,
)

__all__ = [
    "branch_facts", "decode_tree", "encode_answer", "encode_branch", "encode_outcome",
    "encode_prompt", "encode_tree", "run_of",
]  # fmt: skip


def encode_tree(tree: TraceTree, entries: Entries) -> Wire:
    """The ``_data`` trait of a tree, whose tokens ``entries`` may know already."""
    prompt = encode_prompt(tree, entries)
    branches = [encode_branch(tree, number, entries) for number in range(len(tree.branches))]
    return {
        "prompt": prompt,
        "branches": branches,
        "answers": [encode_answer(answer) for answer in tree.answers],
        "outcomes": [encode_outcome(outcome) for outcome in tree.outcomes],
        "vocabulary": entries.table(0),
    }


def encode_prompt(tree: TraceTree, entries: Entries) -> Wire:
    """The tokens that everything goes on from."""
    shown = zip(tree.prompt, displayed(tree.prompt), strict=True)
    index = [entries.number(token, label) for token, label in shown]
    return {
        "index": _array(np.array(index, dtype=np.uint32), "<u4"),
        "roles": None if tree.prompt_roles is None else list(tree.prompt_roles),
        "turns": None if tree.prompt_turns is None else list(tree.prompt_turns),
    }


def encode_branch(tree: TraceTree, number: int, entries: Entries) -> Wire:
    """One branch, with its columns in one block."""
    branch = tree.branches[number]
    run, before = run_of(branch.trace, tokens_before(tree, branch), entries)
    trace = branch.trace
    own = {"before": before, "channels": trace_channels(trace)}
    if marks := trace_marks(trace):
        own["marks"] = marks
    return {**branch_facts(branch), **packed(run), **own}


def branch_facts(branch: Branch) -> Wire:
    """What is said of a branch beside its tokens."""
    origin = branch.origin
    return {
        "parent": branch.parent,
        "position": branch.position,
        "name": branch.name,
        "origin": {
            "kind": origin.kind,
            "forced": origin.forced,
            "slot": origin.slot,
            "text": origin.text,
            "options": dict(origin.options),
        },
        "partial": branch.trace.partial,
        "facts": trace_facts(branch.trace),
    }


def packed(run: Run) -> Wire:
    """A run as it is sent: what must be known of the block, and the block."""
    said, block = pack(run)
    return {**said, "view": memoryview(block)}


def encode_answer(answer: Answer) -> Wire:
    """An attribution: the values of its rows, and how they came about."""
    attribution = answer.attribution
    errors = attribution.standard_error
    return {
        "question": asdict(answer.question),
        "values": _array(attribution.values[:, 0], "<f4"),
        "errors": None if errors is None else _array(errors[:, 0], "<f4"),
        "facts": attribution_facts(attribution),
        "partial": attribution.partial,
    }


def encode_outcome(outcome: Outcome) -> Wire:
    """What a changed prompt makes of the tokens of a path."""
    return {
        "change": asdict(outcome.change),
        "logprobs": _array(outcome.trace.logprobs, "<f4"),
        "facts": trace_facts(outcome.trace),
    }


def tokens_before(tree: TraceTree, branch: Branch) -> Sequence[Token]:
    """The last tokens before a branch that may be pieces of a character with its first."""
    reach = LONGEST_CHARACTER - 1
    own = []
    if branch.parent is not None:  # of a few tokens; the whole path need not be joined
        for position in range(max(0, branch.position - reach), branch.position):
            owner = tree.branches[tree.owner(branch.parent, position)]
            trace = owner.trace
            own.append(trace.vocabulary[trace.index[position - owner.position]])
    return (*tree.prompt[-reach:], *own)[-reach:]


def run_of(trace: Trace, before: Sequence[Token], entries: Entries) -> tuple[Run, list[int]]:
    """A trace's columns in a tree's vocabulary, and the numbers of tokens before it.

    These are given only where their labels depend on what follows.
    """
    tokens, shown, index = _shown_in_context(trace)
    numbers = np.array(
        [entries.number(token, label) for token, label in zip(tokens, shown, strict=True)],
        dtype=np.uint32,
    )
    own, relabelled = numbers[index], list[int]()
    if before and len(trace) and not (_whole(before[-1]) or _whole(trace.tokens[0])):
        together = [*before, *trace.tokens[: LONGEST_CHARACTER - 1]]
        labelled = zip(together, displayed(together), strict=True)
        known = [entries.number(token, label) for token, label in labelled]
        relabelled = known[: len(before)]
        own[: len(known) - len(before)] = known[len(before) :]
    run = Run(
        own,
        trace.logprobs,
        trace.ranks,
        trace.entropies,
        np.diff(trace.offsets),
        numbers[trace.alternative_index],
        trace.alternative_logprobs,
    )
    return run, relabelled


def decode_tree(data: Wire) -> TraceTree:
    """The tree that ``_data`` shows: tokens, numbers and names, without all of their facts."""
    tokens = _tokens(data["vocabulary"])
    prompt = [tokens[i] for i in _values(data["prompt"]["index"])]
    tree = TraceTree(
        prompt,
        [_branch(entry, tokens) for entry in data["branches"]],
        prompt_roles=data["prompt"]["roles"],
        prompt_turns=data["prompt"]["turns"],
    )
    for entry in data["answers"]:
        question = Question(**entry["question"])
        rows = (*prompt, *tree.path(question.branch).tokens[: question.start])
        values, errors = _values(entry["values"]), entry["errors"]
        attribution = Attribution(
            values[:, np.newaxis],
            rows,
            ["why"],
            method=question.method,
            standard_error=None if errors is None else _values(errors)[:, np.newaxis],
            partial=entry["partial"],
        )
        tree = tree.with_answer(Answer(question, attribution))
    for entry in data["outcomes"]:
        change = Change(**entry["change"])
        logprobs = _values(entry["logprobs"])
        path = tree.path(change.branch)
        part = len(logprobs) < len(path)
        trace = Trace(path.tokens[: len(logprobs)], logprobs, partial=part)
        tree = tree.with_outcome(Outcome(change, trace))
    return tree


def _branch(entry: Wire, tokens: Sequence[Token]) -> Branch:
    run = unpack(entry, entry["view"])
    origin = entry["origin"]
    trace = Trace.from_columns(
        tokens,
        run.numbers,
        run.logprobs,
        np.concatenate([[0], np.cumsum(run.counts, dtype=np.int64)]),
        run.alternative_numbers,
        run.alternative_logprobs,
        ranks=run.ranks,
        entropies=run.entropies,
        partial=entry["partial"],
        model=entry["facts"].get("model"),
        channels={c["name"]: _values(c["values"]) for c in entry["channels"]},
        **decode_marks(entry.get("marks", {})),
    )
    return Branch(
        trace,
        entry["parent"],
        entry["position"],
        entry["name"],
        Origin(**{**origin, "options": tuple(origin["options"].items())}),
    )


def _whole(token: Token) -> bool:
    """Whether a token is no piece of a character."""
    return bool(token.bytes) and is_text(token.bytes)
