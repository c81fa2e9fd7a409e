"""Sets of traces made from many texts or prompts: what is there is kept, and only the rest made.

Rows are made a stretch at a time. Within a stretch they come by length; it is written in the order
in which it was given (:mod:`tokenviz.sets.ordered`).
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

from tokenviz._optional import require
from tokenviz.data.trace import Trace
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.progress import Progress
from tokenviz.model.scoring.many import score_many
from tokenviz.model.text.chat_options import parse_chat_options
from tokenviz.model.text.prompt import check_length, encode, is_chat
from tokenviz.model.tracing.batching import as_batch_size
from tokenviz.model.tracing.generate import prepare
from tokenviz.model.tracing.options import DEFAULTS, HINTS
from tokenviz.model.tracing.reduction import as_top_k
from tokenviz.model.tracing.score import question_of
from tokenviz.sets.given import Asked, Given, check_asked, rows_of, stretches
from tokenviz.sets.holding import held
from tokenviz.sets.ordered import OrderedWriter
from tokenviz.sets.saving import Rejected, write_rejected
from tokenviz.sets.trace_set import TraceSet

__all__ = ["Maker", "generate_set", "generator", "score_set", "scorer"]

Made = tuple[Given, "Trace | None", "Exception | None"]
Maker = Callable[[Sequence[Given]], Iterator[Made]]
"""From rows to their traces, or to why there is none, in any order."""

_ROWS = 4096  # of a stretch
_SIZE = 1 << 22  # characters of a stretch
_TOGETHER = 64  # prompts that are gone on from before any is written
_NOT_FOR_SETS = {
    "on_token": "several texts are written side by side",
    "stream": "a set is shown when it is made",
}


class _Sink(Protocol):
    """Where rows go."""

    def begin(self, rows: Sequence[Given]) -> list[Given]:
        """Begin a stretch; those of its rows that are not there yet."""

    def add(self, row: Given, trace: Trace) -> None:
        """A row that is made."""

    def end(self) -> None:
        """The stretch is complete."""

    def close(self) -> TraceSet:
        """All of them."""


def score_set(
    lm: LoadedModel,
    texts: Any,
    *,
    prompt: Any = None,
    keys: Iterable[Any] | None = None,
    path: str | Path | None = None,
    top_k: int = 5,
    batch_size: int | None = None,
    progress: bool | None = None,
    chat: Mapping[str, Any] | None = None,
) -> TraceSet:
    """See :meth:`LanguageModel.score_set`."""
    asked = {"model": lm.name, "top_k": top_k, **(chat or {})}
    rows = rows_of(texts, "score", asked, prompt=prompt, keys=keys)
    bar = Progress("Scoring", rows.total or 0, "text", progress)
    make = scorer(lm, top_k=top_k, batch_size=batch_size, chat=chat)
    return _made(lm, rows.rows, rows.name, make, bar, path, {"task": "score", **asked})


def generate_set(
    lm: LoadedModel,
    prompts: Any,
    *,
    keys: Iterable[Any] | None = None,
    path: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> TraceSet:
    """See :meth:`LanguageModel.generate_set`."""
    given = dict(options or {})
    progress = given.pop("progress", None)
    make = generator(lm, given)
    given.pop("batch_size", None)
    asked = {"model": lm.name, **given}
    rows = rows_of(prompts, "generate", asked, keys=keys)
    bar = Progress("Generating", rows.total or 0, "text", progress)
    return _made(lm, rows.rows, rows.name, make, bar, path, {"task": "generate", **asked})


def scorer(
    lm: LoadedModel,
    *,
    top_k: int = 5,
    batch_size: int | None = None,
    chat: Mapping[str, Any] | None = None,
) -> Maker:
    """What scores rows; options are checked at once."""
    top_k, batch_size = as_top_k(top_k), as_batch_size(batch_size)
    if chat:
        parse_chat_options(lm, "score_set", chat, is_chat=True)

    def make(rows: Sequence[Given]) -> Iterator[Made]:
        questions, asked = [], []
        for row in rows:
            try:
                chats = is_chat(row.text, "text") or is_chat(row.prompt, "prompt")
                own = (chat or {}) if chats else {}
                _, how = parse_chat_options(lm, "score_set", own, is_chat=chats)
                question = question_of(lm, _present(row.text), row.prompt, "text", "prompt", how)
                length = len(question.context.ids) + len(question.ids)
                check_length(lm, "text", length, "shorten it or its prompt")
            except (ValueError, TypeError) as error:
                yield row, None, error
            else:
                questions.append(question)
                asked.append(row)
        for one in score_many(lm, questions, top_k=top_k, batch_size=batch_size):
            yield asked[one.index], one.trace, one.error

    return make


def generator(lm: LoadedModel, options: Mapping[str, Any]) -> Maker:
    """What goes on from rows; options are checked at once, as far as they need no prompt."""
    for name, why in _NOT_FOR_SETS.items():
        if options.get(name):
            raise ValueError(f"{name}: not for generate_set, because {why}")
    known = {name: value for name, value in options.items() if value is not None}
    chat = {name: value for name, value in known.items() if name not in _OWN}
    own = {name: value for name, value in known.items() if name in _OWN}
    if chat:
        parse_chat_options(lm, "generate_set", chat, is_chat=True, hints=HINTS)
    first = prepare(lm, [[0]], own)
    seed = options.get("seed")

    def make(rows: Sequence[Given]) -> Iterator[Made]:
        by_size = sorted(rows, key=lambda row: row.size, reverse=True)
        fitting = []
        for row in by_size:
            try:
                chats = is_chat(row.text)
                _, how = parse_chat_options(
                    lm, "generate_set", chat if chats else {}, is_chat=chats
                )
                ids = encode(lm, _present(row.text), how).ids
                most = len(ids) + first.writer.max_new_tokens
                check_length(lm, "prompt", most, "shorten it, or ask for fewer new tokens")
            except (ValueError, TypeError) as error:
                yield row, None, error
            else:
                fitting.append((row, is_chat(row.text)))
        for chats in (True, False):  # chat options are for chats alone
            same = [row for row, is_one in fitting if is_one == chats]
            for start in range(0, len(same), _TOGETHER):
                members = same[start : start + _TOGETHER]
                generation = prepare(
                    lm,
                    [row.text for row in members],
                    {**own, **(chat if chats else {}), "progress": False},
                    seeds=None if seed is None else [_seed(seed, row.key) for row in members],
                )
                traces = generation.run()
                yield from (
                    (row, trace, None)
                    for row, trace in zip(members, traces, strict=True)
                    if not trace.partial
                )
                if any(trace.partial for trace in traces):
                    raise KeyboardInterrupt  # what it was that ended the run

    return make


_OWN = DEFAULTS.keys() - {"chat_template", "tools", "documents", "continue_final_message",
                          "add_generation_prompt"}  # fmt: skip


def _made(
    lm: LoadedModel,
    rows: Iterator[Given],
    name: str,
    make: Maker,
    bar: Progress,
    path: str | Path | None,
    asked: Asked,
) -> TraceSet:
    rejected: list[Rejected] = []
    made = 0
    if path is not None:
        require("pyarrow", feature="score_set(path=…)", install="tokenviz-widget[sets]")
    with nullcontext() if path is None else held(Path(path)), bar:
        sink: _Sink = _InMemory(lm) if path is None else _InFolder(lm, Path(path), asked)
        try:
            for stretch in stretches(rows, _ROWS, _SIZE):
                wanted = sink.begin(stretch)
                bar.advance(len(stretch) - len(wanted))
                made += len(stretch) - len(wanted)
                for row, trace, error in make(wanted):
                    if trace is not None:
                        try:
                            sink.add(row, trace)
                            made += 1
                        except (ValueError, TypeError) as refused:
                            error = refused
                    if error is not None:
                        rejected.append(Rejected(name, row.index + 1, str(error)))
                    bar.advance()
                sink.end()
        except KeyboardInterrupt:
            if not made:
                raise
            again = "" if path is None else "; the same call with this path goes on"
            warnings.warn(f"interrupted: the set has {made} rows{again}", stacklevel=4)
        finally:
            rejected.sort(key=lambda one: one.line or 0)
            result = sink.close()
        if path is not None:
            write_rejected(Path(path), rejected)
    return result.with_rejected(rejected)


class _InMemory:
    """A set that is kept."""

    def __init__(self, lm: LoadedModel) -> None:
        self._lm = lm
        self._rows: list[tuple[Given, Trace]] = []

    def begin(self, rows: Sequence[Given]) -> list[Given]:
        return list(rows)

    def add(self, row: Given, trace: Trace) -> None:
        self._rows.append((row, trace))

    def end(self) -> None:
        pass

    def close(self) -> TraceSet:
        self._rows.sort(key=lambda pair: pair[0].index)
        columns = dict.fromkeys(name for row, _ in self._rows for name in row.metadata)
        return TraceSet(
            [trace for _, trace in self._rows],
            [row.key for row, _ in self._rows],
            tokenizer=self._lm.tokenizer,
            **{name: [row.metadata.get(name) for row, _ in self._rows] for name in columns},
        )


class _InFolder:
    """A set that is written, and may have been begun before."""

    def __init__(self, lm: LoadedModel, path: Path, asked: Asked) -> None:
        self._path = path
        check_asked(path, asked)
        self._writer = OrderedWriter(path, lm.tokenizer)

    def begin(self, rows: Sequence[Given]) -> list[Given]:
        self._writer.begin([row.key for row in rows])
        return [row for row in rows if row.key not in self._writer.keys_done]

    def add(self, row: Given, trace: Trace) -> None:
        self._writer.add(row.key, trace, **row.metadata)

    def end(self) -> None:
        self._writer.finish()

    def close(self) -> TraceSet:
        self._writer.close()
        return TraceSet.open(self._path)


def _present(text: Any) -> Any:
    if text is None:
        raise ValueError("text: expected text, got None")
    return text


def _seed(seed: int, key: str) -> int:
    """A seed for a row's own draws: the same whenever and beside whatever it is made."""
    digest = hashlib.sha256(f"{seed} {key}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
