"""What another engine wrote or read, read again by a model at hand, and compared with it.

The other's log-probabilities are there already (:func:`tokenviz.read`), its distributions are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokenviz.data.comparing import checked_names
from tokenviz.data.comparing import compare as compare_traces
from tokenviz.data.comparison import Comparison, called
from tokenviz.data.trace import Trace
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import check_causal
from tokenviz.model.text.rewriting import ids_or_text
from tokenviz.model.tracing.comparing import question_for, temperatures, trace_read
from tokenviz.model.tracing.reduction import as_top_k, check_kept
from tokenviz.model.tracing.together import Reader, read_together

__all__ = ["compare_with", "is_elsewhere"]


def is_elsewhere(other: Any) -> bool:
    """Whether something is a trace, or a list with one."""
    return isinstance(other, Trace) or (
        isinstance(other, list | tuple) and any(isinstance(one, Trace) for one in other)
    )


def compare_with(
    lm: LoadedModel,
    other: Any,
    text: Any,
    *,
    prompt: Any,
    temperature: Any,
    top_k: Any,
    names: Sequence[str] | None,
    progress: bool | None,
    chat: Mapping[str, Any],
) -> Comparison | list[Comparison]:
    """Compare a model with traces from elsewhere; see :meth:`LanguageModel.compare`."""
    several = isinstance(other, list | tuple)
    traces: list[Any] = list(other) if several else [other]
    for i, trace in enumerate(traces):
        if not isinstance(trace, Trace):
            raise TypeError(
                f"other[{i}]: expected a Trace, as another of the list is, "
                f"got {type(trace).__name__}"
            )
    if text is not None:
        raise ValueError("text: a trace that is compared brings its own; leave it out")
    if isinstance(temperature, list | tuple):
        raise ValueError(
            f"temperature: expected a number, by which this model's logits are divided, "
            f"got {temperature!r}"
        )
    warmth, _ = temperatures(temperature)
    lm.probe(check_causal)
    own = [_again(lm, trace, prompt, warmth, as_top_k(top_k), progress, chat) for trace in traces]
    given = checked_names(names, len(traces), "trace")
    if given is None and several:
        given = called([own[0], *traces], ["a", *(f"other[{i}]" for i in range(len(traces)))])
    found = [
        compare_traces(a, b, names=None if given is None else (given[0], given[1 + i]))
        for i, (a, b) in enumerate(zip(own, traces, strict=True))
    ]
    return found if several else found[0]


def _again(
    lm: LoadedModel,
    trace: Trace,
    prompt: Any,
    temperature: float,
    top_k: int,
    progress: bool | None,
    chat: Mapping[str, Any],
) -> Trace:
    """What a model makes of a trace's text."""
    if prompt is not None and trace.prompt:
        raise ValueError("prompt: the trace brings its own; leave it out")
    text, before = ids_or_text(lm, trace)
    question = question_for(lm, text, before if prompt is None else prompt, chat)
    check_kept(top_k, len(question.ids), lm.vocabulary_size)
    reader = Reader(lm, temperature)
    found = read_together([reader], question, top_k, progress)
    if not found.whole:  # its beginning is not the text that the other has
        raise KeyboardInterrupt
    return trace_read(reader, lm, question, found, found.columns[0], top_k)
