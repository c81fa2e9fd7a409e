"""Texts scored while nothing attends to some tokens of their prompt.

A muted token stays in its place, so that all others keep theirs, and is hidden from attention as
padding is. Whether that hides it is tried on the model at hand: what lies in a state or a
convolution is not hidden by a mask, and a model that counts positions by the mask moves the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from tokenviz.data.trace import Trace
from tokenviz.model.running.calling import takes
from tokenviz.model.running.counting import counts_from_zero
from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.running.inputs import looks_for_ids
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.patience import check_stop
from tokenviz.model.running.progress import Progress
from tokenviz.model.running.scalars import integer
from tokenviz.model.running.soundness import check_causal, differ
from tokenviz.model.text.prompt import Ids, check_length, encode_ids
from tokenviz.model.tracing.decoding import ROUNDING
from tokenviz.model.tracing.reading import read
from tokenviz.model.tracing.reduction import Positions, as_top_k, check_kept, trace_of
from tokenviz.model.tracing.score import add_positions

__all__ = ["score_muted"]

_SAMPLE = 8  # tokens on which muting is tried
_MUTED = 2  # of them


def score_muted(
    lm: LoadedModel, ids: Ids, prompt_ids: Ids, muted: tuple[int, int], top_k: int = 5
) -> Trace:
    """Record how probable a text is when some tokens of its prompt are hidden from all others.

    Parameters
    ----------
    lm
        The model.
    ids
        The text, ``[n]``.
    prompt_ids
        What comes before it, ``[p]``.
    muted
        The first muted token of the prompt, and the first after it that is not: 0 ≤ start < stop <
        p. The last token cannot be muted, because the first of the text is read from it.
    top_k
        How many alternatives to keep at each position.

    Returns
    -------
    Trace
        As of :meth:`LanguageModel.score`; what is muted is still in ``trace.prompt``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, or the model cannot hide tokens.
    FloatingPointError
        If the model's logits are not finite.
    Stopped
        If the thread was asked to stop.
    """
    lm.probe(check_causal)
    top_k = as_top_k(top_k)
    text = encode_ids(lm, ids, name="ids")
    prompt = encode_ids(lm, prompt_ids, name="prompt_ids")
    check_length(lm, "ids", len(prompt) + len(text), "shorten it or its prompt")
    check_kept(top_k, len(text), lm.vocabulary_size)
    start, stop = _span(muted, len(prompt))
    with borrowed(lm.model), torch.no_grad(), Progress("Scoring", len(text), "token", False) as bar:
        check_stop()
        if not lm.probe(_Hides(at_start=False)):
            raise ValueError(
                f"muted: {type(lm.model).__name__} cannot hide tokens from those after them; "
                "delete them from the prompt, or replace them by others"
            )
        if start == 0 and not lm.probe(_Hides(at_start=True)):
            raise ValueError(
                f"muted: hidden from themselves, the first tokens of a text see nothing, and "
                f"{type(lm.model).__name__} gives no numbers then; expected start ≥ 1, or delete "
                "them from the prompt, or replace them by others"
            )
        known = Positions()
        before = torch.cat([prompt, text])[:-1]
        given = _given(len(before), start, stop, before.device)
        add_positions(lm, [(before, text)], top_k, known, bar, **given)
    return trace_of(
        known.columns(),
        lm.vocabulary,
        top_k,
        prompt=lm.vocabulary.tokens(prompt.tolist()),
        model=lm.name,
        notes={"muted": f"tokens {start} to {stop - 1} of the prompt"},
    )


def _span(muted: Any, length: int) -> tuple[int, int]:
    if not isinstance(muted, tuple | list) or len(muted) != 2:
        raise TypeError(f"muted: expected two positions, (start, stop), got {muted!r}")
    start, stop = integer(muted[0], "muted[0]"), integer(muted[1], "muted[1]")
    if not 0 <= start < stop < length:
        last = " (the last token cannot be muted: the text begins from it)"
        raise ValueError(
            f"muted: expected 0 ≤ start < stop < {length}, got ({start}, {stop})"
            f"{last if stop == length else ''}"
        )
    return start, stop


def _given(length: int, start: int, stop: int, device: torch.device) -> dict[str, torch.Tensor]:
    """What hides some tokens of a text, and leaves the others where they are."""
    mask = torch.ones(1, length, dtype=torch.int64, device=device)
    mask[:, start:stop] = 0
    return {"attention_mask": mask, "position_ids": torch.arange(length, device=device)[None]}


@dataclass(frozen=True)
class _Hides:
    """The trial whether a model can be told to hide tokens: some, or those at the start."""

    at_start: bool

    def __call__(self, lm: LoadedModel) -> bool:
        length = min(_SAMPLE, lm.max_context or _SAMPLE)
        if not takes(lm.model, "attention_mask") or not lm.probe(counts_from_zero):
            return False
        if looks_for_ids(lm) or length < 2 * _MUTED:
            return False
        start = 0 if self.at_start else 1
        stop = start + _MUTED
        generator = torch.Generator().manual_seed(0)
        ids = torch.randint(lm.vocabulary_size, (length,), generator=generator).to(lm.device)
        other = ids.clone()
        other[start:stop] = (ids[start:stop] + lm.vocabulary_size // 2) % lm.vocabulary_size
        shown = _given(length, 0, 0, lm.device)
        hidden = _given(length, start, stop, lm.device)
        moved = {**shown, "position_ids": shown["position_ids"].clone()}
        moved["position_ids"][:, stop:] += lm.max_context is None or lm.max_context > length

        def logits(text: torch.Tensor, **given: Any) -> torch.Tensor:
            return wide(torch.cat([*read(lm, [text], [stop], **given)]))

        with borrowed(lm.model), torch.no_grad():
            usual = logits(ids)
            try:
                plain, muted, replaced, elsewhere = (
                    logits(text, **given)
                    for text, given in (
                        (ids, shown), (ids, hidden), (other, hidden), (ids, moved),
                    )
                )  # fmt: skip
            except (MemoryError, torch.OutOfMemoryError):
                raise
            except Exception:  # a model may refuse a mask
                return False
        if not bool(muted.isfinite().all()):
            return False

        def alike(one: torch.Tensor, two: torch.Tensor) -> bool:
            return not differ(one, two, dtype=lm.dtype, most_rounding=ROUNDING)

        # Positions that change nothing are not those that the model goes by: it may take them from
        # the mask, as some do that add to attention by distance. In 16 bits a step of one position
        # changes little, but something.
        return alike(plain, usual) and alike(muted, replaced) and not torch.equal(elsewhere, plain)
