"""A tree as a header and arrays: one vocabulary, and all its texts end to end.

The texts are, in this order, the prompt (a text without tokens), the branches' own tokens, and the
outcomes'. The header says of each how many tokens it has; the columns are those of a trace that is
all of them. What else is there for each of its tokens lies end to end, too: prompts, own channels,
and of the answers their rows and values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import whole
from tokenviz.data.attribution import Attribution
from tokenviz.data.branch import Branch, Origin
from tokenviz.data.formats.attribution import ARRAYS, FACTS, arrays_of, facts_of
from tokenviz.data.formats.tokens import each, target_from_json, token_from_json, token_to_json
from tokenviz.data.formats.trace import BOUNDS, CHAT, channel_names, columns_of, record
from tokenviz.data.joining import Stretch, columns, cut, number, whole_of
from tokenviz.data.questions import Answer, Change, Outcome, Question
from tokenviz.data.stored import Archive, Column, Text, entry, listed
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace
from tokenviz.data.tree import TraceTree

__all__ = ["join", "split"]

Array = npt.NDArray[Any]
_Made = TypeVar("_Made")
_PLAIN = ("model", "partial", "notes", "source", "temperature")
_MARKS = ("flags", "categories", *BOUNDS)


def split(source: TraceTree) -> tuple[dict[str, Any], dict[str, Array]]:
    """The header and the arrays."""
    texts = [
        Trace(
            [], [], prompt=source.prompt, prompt_roles=source.prompt_roles,
            prompt_turns=source.prompt_turns,
        ),
        *(branch.trace for branch in source.branches),
        *(outcome.trace for outcome in source.outcomes),
    ]  # fmt: skip
    given = [answer.attribution for answer in source.answers]
    numbers: dict[Token, int] = {}
    arrays = columns([whole_of(text) for text in texts], numbers)
    arrays["offsets"] = arrays["offsets"].astype(np.uint32)
    prompts = [i for text in texts for i in number(text.prompt, numbers)]
    rows = [i for attribution in given for i in number(attribution.tokens, numbers)]
    arrays |= {
        "prompts": np.array(prompts, np.uint32),
        "channels": _end_to_end(c for text in texts for c in text.channels.values()),
        "rows": np.array(rows, np.uint32),
        **{
            name: _end_to_end(a[name].ravel() for a in map(arrays_of, given) if name in a)
            for name in ARRAYS
        },
    }
    return {
        "vocabulary": [token_to_json(token) for token in numbers],
        "prompt": _text_to_json(texts[0]),
        "branches": [_branch_to_json(branch) for branch in source.branches],
        "answers": [_answer_to_json(answer) for answer in source.answers],
        "outcomes": [
            {"change": asdict(o.change), "text": _text_to_json(o.trace)} for o in source.outcomes
        ],
    }, arrays


def join(file: Archive | Text) -> TraceTree:
    """The tree of a file."""
    names = ("vocabulary", "prompt", "branches", "answers", "outcomes")
    facts = file.facts(set(names), required=names)
    vocabulary = each("vocabulary", facts["vocabulary"], token_from_json)
    prompt = _in("prompt", lambda: _text(facts["prompt"]))
    branches = each("branches", facts["branches"], _branch)
    answers = each("answers", facts["answers"], _answer)
    outcomes = each("outcomes", facts["outcomes"], _outcome)
    texts = [prompt, *(b.text for b in branches), *(o.text for o in outcomes)]
    arrays = _arrays(file, texts, prompt.prompt, answers)
    for name in ("prompts", "rows"):
        if arrays[name].size and arrays[name].max() >= len(vocabulary):
            raise ValueError(f"{name}: {arrays[name].max()} points past the end of the vocabulary")
    begun, *traces = _traces(texts, vocabulary, arrays)
    return TraceTree(
        begun.prompt,
        [
            _in(f"branches[{i}]", lambda b=b, t=t: Branch(t, **b.facts))  # type: ignore[misc]
            for i, (b, t) in enumerate(zip(branches, traces, strict=False))
        ],
        list(_answers(answers, len(begun.prompt), vocabulary, arrays)),
        [Outcome(o.change, t) for o, t in zip(outcomes, traces[len(branches) :], strict=True)],
        prompt_roles=begun.prompt_roles,
        prompt_turns=begun.prompt_turns,
    )


class _Said(NamedTuple):
    """What the header says of a text."""

    tokens: int
    prompt: int
    channels: list[str]
    facts: dict[str, Any]


class _SaidBranch(NamedTuple):
    facts: dict[str, Any]
    text: _Said


class _SaidAnswer(NamedTuple):
    question: Question
    facts: dict[str, Any]
    arrays: list[str]


class _SaidOutcome(NamedTuple):
    change: Change
    text: _Said


def _arrays(
    file: Archive | Text, texts: Sequence[_Said], prompt: int, answers: Sequence[_SaidAnswer]
) -> dict[str, Array]:
    """All arrays, of the sizes that follow from the header."""
    rows = [prompt + answer.question.start for answer in answers]
    sizes = {
        "prompts": sum(text.prompt for text in texts),
        "channels": sum(text.tokens * len(text.channels) for text in texts),
        "rows": sum(rows),
    }
    for name in ARRAYS:
        known = [n for n, answer in zip(rows, answers, strict=True) if name in answer.arrays]
        sizes[name] = len(known) if name == "completeness_error" else sum(known)
    wanted = columns_of(sum(text.tokens for text in texts), file.length("alternative_index"))
    for name, size in sizes.items():
        dtype = np.uint32 if name in ("prompts", "rows") else np.float32
        wanted.append(Column(name, dtype, (size,)))
    return file.arrays(wanted, required=[column.name for column in wanted])


def _traces(
    texts: Sequence[_Said], vocabulary: Sequence[Token], arrays: dict[str, Array]
) -> list[Trace]:
    """Each text, with the tokens that it uses."""
    names = [column.name for column in columns_of(0, 0)]
    all_of_it: dict[str, Any] = {name: arrays[name] for name in names}
    together = Trace.from_columns(vocabulary, **all_of_it)
    channels = _Taken(arrays["channels"])
    prompts = _Taken(arrays["prompts"])
    traces, stop = [], 0
    for text in texts:
        start, stop = stop, stop + text.tokens
        used, own = cut(Stretch(together, start, stop))
        traces.append(
            Trace.from_columns(
                used,
                **own,
                channels={name: channels.next(text.tokens) for name in text.channels},
                prompt=[vocabulary[i] for i in prompts.next(text.prompt)],
                **text.facts,
            )
        )
    return traces


def _answers(
    answers: Sequence[_SaidAnswer],
    prompt: int,
    vocabulary: Sequence[Token],
    arrays: dict[str, Array],
) -> Iterator[Answer]:
    rows = _Taken(arrays["rows"])
    values = {name: _Taken(arrays[name]) for name in ARRAYS}
    for i, answer in enumerate(answers):
        n = prompt + answer.question.start
        tokens = [vocabulary[row] for row in rows.next(n)]
        own = {
            name: values[name].next(1)
            if name == "completeness_error"
            else values[name].next(n)[:, np.newaxis]
            for name in answer.arrays
        }
        yield _in(
            f"answers[{i}]",
            lambda said=answer, tokens=tokens, own=own: Answer(  # type: ignore[misc]
                said.question, Attribution(tokens=tokens, **own, **said.facts)
            ),
        )


class _Taken:
    """An array that is taken piece by piece."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self._at = 0

    def next(self, size: int) -> Array:
        """The next so many entries."""
        self._at += size
        return self._array[self._at - size : self._at]


def _text_to_json(trace: Trace) -> dict[str, Any]:
    """What the columns do not say of a text; what says nothing is left out."""
    said = {
        "tokens": len(trace),
        "prompt": len(trace.prompt),
        "partial": trace.partial,
        "channels": list(trace.channels),
        "notes": dict(trace.notes),
        "flags": {name: _places(flag) for name, flag in trace.flags.items()},
        "categories": dict(trace.categories),
        **{name: _places(getattr(trace, name)) for name in BOUNDS},
    }
    known = {name: getattr(trace, name) for name in ("model", "source", "temperature", *CHAT)}
    return {
        "distribution": trace.distribution,
        **{name: value for name, value in said.items() if value},
        **{name: value for name, value in known.items() if value is not None},
    }


def _text(value: Any) -> _Said:
    facts = entry(
        value,
        required=("distribution",),
        optional=("tokens", "prompt", "channels", *_PLAIN, *_MARKS, *CHAT),
    )
    for name in facts.keys() & set(CHAT):
        listed(name, facts[name])
    tokens = whole("tokens", facts.pop("tokens", 0), at_least=0)
    for name in facts.keys() & set(BOUNDS):
        facts[name] = _flag(name, facts[name], tokens)
    flags = record("flags", facts.pop("flags", {}))
    facts["flags"] = {
        name: _flag(f"flags[{name!r}]", places, tokens) for name, places in flags.items()
    }
    for name, words in record("categories", facts.get("categories", {})).items():
        listed(f"categories[{name!r}]", words)
    return _Said(
        tokens,
        whole("prompt", facts.pop("prompt", 0), at_least=0),
        channel_names(facts.pop("channels", [])),
        facts,
    )


def _places(flag: Array) -> list[int]:
    """Where it says yes."""
    places: list[int] = np.flatnonzero(flag).tolist()
    return places


def _flag(name: str, places: Any, n: int) -> Array:
    """What :func:`_places` wrote of n tokens."""
    flag = np.zeros(n, np.bool_)
    for place in listed(name, places):
        if whole(name, place, at_least=0) >= n:
            raise ValueError(f"{name}: position {place} is outside a text of {n} tokens")
        flag[place] = True
    return flag


def _branch_to_json(branch: Branch) -> dict[str, Any]:
    origin = {
        "kind": branch.origin.kind,
        "forced": branch.origin.forced,
        "slot": branch.origin.slot,
        "text": branch.origin.text,
        "options": dict(branch.origin.options),
    }
    return {
        "name": branch.name,
        "parent": branch.parent,
        "position": branch.position,
        "origin": {name: value for name, value in origin.items() if value not in (None, 0, {})},
        "text": _text_to_json(branch.trace),
    }


def _branch(value: Any) -> _SaidBranch:
    facts = entry(value, required=("name", "parent", "position", "origin", "text"))
    origin = entry(
        facts["origin"], required=("kind",), optional=("forced", "slot", "text", "options")
    )
    if not isinstance(origin.get("options", {}), dict):
        raise ValueError("origin.options: expected an object")
    facts["origin"] = _in("origin", lambda: Origin(**origin))
    return _SaidBranch(facts, _in("text", lambda: _text(facts.pop("text"))))


def _answer_to_json(answer: Answer) -> dict[str, Any]:
    return {
        "question": asdict(answer.question),
        "attribution": facts_of(answer.attribution),
        "arrays": list(arrays_of(answer.attribution)),
    }


def _answer(value: Any) -> _SaidAnswer:
    said = entry(value, required=("question", "attribution", "arrays"))
    question = entry(
        said["question"],
        required=("branch", "start", "stop", "method"),
        optional=("slot", "instead_of"),
    )
    facts = entry(said["attribution"], required=("targets",), optional=FACTS)
    facts["targets"] = each("targets", facts["targets"], target_from_json)
    arrays = listed("arrays", said["arrays"])
    if [name for name in ARRAYS if name in arrays] != arrays or "values" not in arrays:
        raise ValueError(f"arrays: expected values and some of {', '.join(ARRAYS[1:])}")
    return _SaidAnswer(_in("question", lambda: Question(**question)), facts, arrays)


def _outcome(value: Any) -> _SaidOutcome:
    said = entry(value, required=("change", "text"))
    change = entry(said["change"], required=("branch", "start", "stop", "how"), optional=("text",))
    return _SaidOutcome(
        _in("change", lambda: Change(**change)), _in("text", lambda: _text(said["text"]))
    )


def _in(name: str, make: Callable[[], _Made]) -> _Made:
    """What is made, with a name before what is wrong with it."""
    try:
        return make()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def _end_to_end(pieces: Iterator[Array]) -> Array:
    return np.concatenate([np.zeros(0, np.float32), *pieces])
