"""transformers' own ``generate(…, output_scores=True, return_dict_in_generate=True)``.

``scores`` are what tokens were chosen from, after all processors; ``logits`` (``output_logits``)
are the model's own. Either is whole, a row of the vocabulary per step, so that ranks and entropies
are exact. ``sequences`` begin with the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import whole
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Distribution, Trace
from tokenviz.sources.assembling import Listed, Position, assemble
from tokenviz.sources.fields import short
from tokenviz.sources.filling import OPTIONS as FILLING
from tokenviz.sources.filling import Sequences, unfilled
from tokenviz.sources.foreign import as_array, as_list, ids
from tokenviz.sources.format import Format, Given
from tokenviz.sources.spelling import token_of

__all__ = ["GENERATE"]

_TOP_K = 5
_PER_STEP = 2  # dimensions: sequences or beams, and the vocabulary
_DISTRIBUTIONS: dict[str, Distribution] = {"logits": "model", "scores": "sampling"}

Logprobs = npt.NDArray[np.float64]


def _recognise(source: Any) -> bool:
    return (
        isinstance(source, Mapping)
        and hasattr(source.get("sequences"), "shape")
        and any(isinstance(source.get(key), tuple | list) for key in _DISTRIBUTIONS)
    )


def _read(source: Mapping[str, Any], given: Given) -> list[Trace]:
    steps = {key: _steps(source[key], key) for key in _DISTRIBUTIONS if source.get(key) is not None}
    lengths = {key: len(value) for key, value in steps.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(
            f"scores, logits: expected one of them, or both with as many steps, got {lengths}"
        )
    n = next(iter(lengths.values()))
    given_ids = as_list(source["sequences"], "sequences")
    sequences = [ids(row, f"sequences[{i}]") for i, row in enumerate(given_ids)]
    if not sequences or any(len(row) < n for row in sequences):
        raise ValueError(f"sequences: expected at least as many tokens as there are steps ({n})")
    rows = unfilled(sequences, n, given.options, given.tokenizer)
    own = _own(steps, given)
    beams = _beams(source, steps)
    return [_trace(steps, own, rows, row, beams[row], given) for row in range(len(sequences))]


def _steps(value: Any, name: str) -> list[Any]:
    """A row of the vocabulary per sequence or beam, at each step."""
    steps = list(value) if isinstance(value, list | tuple) else as_list(value, name)
    for i, step in enumerate(steps):
        if len(getattr(step, "shape", ())) != _PER_STEP:
            raise TypeError(
                f"{name}[{i}]: expected scores of shape (sequences, vocabulary), "
                f"got {getattr(step, 'shape', None) or type(step).__name__}"
            )
    return steps


def _own(steps: Mapping[str, Any], given: Given) -> str:
    """The field that the trace is of: the model's logits, unless the scores are asked for."""
    asked = [key for key in steps if _DISTRIBUTIONS[key] == given.distribution]
    return [*asked, *steps][0]


def _beams(source: Mapping[str, Any], steps: Mapping[str, Any]) -> Sequence[Sequence[int]]:
    """Per sequence, the row of each step that its token was chosen in; −1 after its end."""
    if (beams := source.get("beam_indices")) is not None:
        return _checked(as_list(beams, "beam_indices"), source, steps)
    count, columns = len(source["sequences"]), list(steps.values())
    is_search = source.get("sequences_scores") is not None
    if is_search or any(len(step) != count for column in columns for step in column):
        raise ValueError(
            "beam_indices: without them, a beam search, whose scores or logits have more rows "
            "than sequences, does not say in which row of a step a token was chosen; generate with "
            "output_scores=True"
        )
    return [[row] * len(columns[0]) for row in range(count)]


def _checked(
    beams: Sequence[Any], source: Mapping[str, Any], steps: Mapping[str, Any]
) -> Sequence[Sequence[int]]:
    """Rows of the steps, one per sequence and step."""
    (first, *_), count = steps.values(), len(source["sequences"])
    if len(beams) != count:
        raise ValueError(f"beam_indices: expected {count} rows, one per sequence, got {len(beams)}")
    for i, row in enumerate(beams):
        is_right = isinstance(row, list) and len(row) <= len(first)
        if not is_right or not all(
            isinstance(beam, int) and beam < len(first[k]) for k, beam in enumerate(row)
        ):
            raise ValueError(f"beam_indices[{i}]: expected a row of each step, got {short(row)}")
    return beams


def _trace(
    steps: Mapping[str, Any],
    own: str,
    rows: Sequences,
    row: int,
    beams: Sequence[int],
    given: Given,
) -> Trace:
    top_k = whole("top_k", given.options.get("top_k", _TOP_K), at_least=0)
    ended = next((i for i, beam in enumerate(beams) if beam < 0), len(beams))
    written = rows.written[row][:ended]

    def token(id_: int) -> Token:
        return token_of(None, id=id_, tokenizer=given.tokenizer)

    def position(logprobs: Logprobs, chosen: int) -> Position:
        return Position(
            Listed(token(chosen), float(logprobs[chosen])),
            [Listed(token(i), float(logprobs[i])) for i in _others(logprobs, chosen, top_k)],
            rank=1 + int((logprobs > logprobs[chosen]).sum()),
            entropy=_entropy(logprobs),
        )

    def distributions(key: str) -> Iterator[Logprobs]:
        for step, id_ in enumerate(written):
            name = f"{key}[{step}]"
            logprobs = _log_softmax(as_array(steps[key][step][beams[step]], name), name)
            if not 0 <= id_ < len(logprobs):
                raise ValueError(
                    f"sequences[{row}]: token {id_} is none of the {len(logprobs)} of {name}"
                )
            yield logprobs

    return assemble(
        [position(step, id_) for step, id_ in zip(distributions(own), written, strict=True)],
        source=GENERATE.title,
        distribution=given.distribution or _DISTRIBUTIONS[own],
        temperature=given.temperature,
        prompt=[token(id_) for id_ in rows.prompts[row]],
        channels={
            f"{_DISTRIBUTIONS[key]}_logprob": [
                step[id_] for step, id_ in zip(distributions(key), written, strict=True)
            ]
            for key in steps
            if key != own
        },
    )


def _log_softmax(scores: Logprobs, name: str) -> Logprobs:
    largest = scores.max(initial=-np.inf)
    if not np.isfinite(largest):  # NaN, too, is the largest
        raise ValueError(f"{name}: expected finite scores, got {largest} for the largest of them")
    shifted = scores - largest
    normalised: Logprobs = shifted - np.log(np.exp(shifted).sum())
    return normalised


def _entropy(logprobs: Logprobs) -> float:
    """In nats, of a distribution in which some tokens may be impossible."""
    possible = logprobs[logprobs > -np.inf]
    return max(0.0, -float((np.exp(possible) * possible).sum()))


def _others(logprobs: Logprobs, chosen: int, top_k: int) -> list[int]:
    """The most probable tokens beside the chosen one, those of equal probability by their ids."""
    n = min(top_k + 1, len(logprobs))
    least = np.partition(logprobs, len(logprobs) - n)[len(logprobs) - n]
    candidates = np.flatnonzero(logprobs >= least)
    candidates = candidates[np.argsort(-logprobs[candidates], kind="stable")]
    return [int(i) for i in candidates if i != chosen][:top_k]


GENERATE = Format(
    name="transformers",
    title="transformers generate()",
    kind="log-probabilities",
    keys=("sequences", "scores", "logits"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "from ids, with tokenizer=",
        "ids": "yes",
        "alternatives": "as many as top_k says",
        "prompt": "its tokens, without log-probabilities",
        "distribution": "the model's (logits) and that of sampling (scores)",
        "ranks": "exact",
        "entropies": "exact",
    },
    options={"top_k": "how many alternatives to keep at each position; 5, if not given", **FILLING},
)
