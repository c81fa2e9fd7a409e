"""Several texts continued side by side: the next-token logits of each, step by step.

Prompts of different lengths are filled up on the left, with a mask that hides the filling and
positions that begin after it, where the model is found to give the same so; otherwise only prompts
of one length run together.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch

from tokenviz.model.running.caches import Cache
from tokenviz.model.running.calling import takes
from tokenviz.model.running.counting import counts_from_zero
from tokenviz.model.running.forward import borrowed, wide
from tokenviz.model.running.inputs import looks_for_ids
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.positions import grows_with_length, same_up_to
from tokenviz.model.running.soundness import differ, sample_ids
from tokenviz.model.tracing.batching import padding_id

__all__ = ["ROUNDING", "Decoding", "hides_padding", "remembers", "remembers_up_to"]

_SAMPLE = 8  # tokens on which a model's memory is tried
_FILLED = 16  # tokens on which filling up is tried, as many as show blocks of a few positions
_FILLED_STEPS = 4  # of them, written after prompts
_STEPS = 1  # of them, read from what is remembered
# One row goes through other kernels than several do: Gemma 3 270M in bfloat16 was off by 0.05.
ROUNDING = 0.15  # of the largest logit, in 16 bits


class Decoding:
    """Texts that grow by a token each at a time.

    Parameters
    ----------
    lm
        The model.
    prompts
        Token ids ``[n]`` each.
    cached
        Whether the model is given what it remembers; otherwise it reads all of the text each time.
    cache
        What it remembers of the first tokens already, fewer than there are; of one text only.

    Attributes
    ----------
    computed
        Token positions of each text that the model was run on.
    """

    def __init__(
        self,
        lm: LoadedModel,
        prompts: Sequence[torch.Tensor],
        *,
        cached: bool = True,
        cache: Cache | None = None,
    ) -> None:
        longest = max(map(len, prompts))
        self.ids = torch.full(
            (len(prompts), longest), padding_id(lm), dtype=torch.int64, device=lm.device
        )
        """All ids so far, filled up on the left, int64, shape ``[b, t]``."""
        mask = torch.zeros_like(self.ids)
        for row, prompt in enumerate(prompts):
            self.ids[row, longest - len(prompt) :] = prompt
            mask[row, longest - len(prompt) :] = 1
        # Without filling there is nothing to hide, and attention without a mask is quicker.
        self._mask = mask if any(len(prompt) < longest for prompt in prompts) else None
        self._model = lm.model
        self._cached = cached
        self._counts = lm.probe(counts_from_zero)
        self._cache = Cache(lm.model, positions=self._counts) if cache is None else cache
        self.computed = 0

    def logits(self) -> torch.Tensor:
        """Logits of the next token of each text, ``[b, vocabulary]``, float32 (float64 if so)."""
        if not self._cached:
            self._cache = Cache(self._model, positions=self._counts)
        # With a cache the model reads only what is new; a model without one reads it all.
        return self._logits_after(self.ids[:, self._cache.read :])

    def _logits_after(self, unread: torch.Tensor) -> torch.Tensor:
        """Run the model on the next ids ``[b, n]``, and give the logits of the last of them."""
        inputs: dict[str, Any] = {"input_ids": unread}
        if unread.shape[1] > 1 and self._cache.takes("logits_to_keep"):
            inputs["logits_to_keep"] = 1
        if self._mask is not None:
            inputs["attention_mask"] = self._mask
            if self._counts:
                positions = (self._mask.cumsum(-1) - 1).clamp(min=0)
                inputs["position_ids"] = positions[:, -unread.shape[1] :]
        # Parts of a model may be on other devices.
        last = wide(self._cache.run(**inputs)[:, -1].to(self.ids.device))
        self.computed += unread.shape[1]
        # A copy lets go of the logits of the other positions.
        return last.clone() if unread.shape[1] > 1 else last

    def append(self, chosen: torch.Tensor) -> None:
        """Let each text go on with an id, ``[b]``."""
        self.ids = torch.cat([self.ids, chosen[:, None]], dim=1)
        if self._mask is not None:
            self._mask = torch.cat([self._mask, self._mask.new_ones(len(chosen), 1)], dim=1)


def remembers(lm: LoadedModel) -> bool:
    """Whether a model goes on from what it remembers as it would from the whole text.

    Warns
    -----
    UserWarning
        If it does not: its texts take longer, because all of them is read for each token.
    """
    ids = sample_ids(lm, _SAMPLE)
    if len(ids) < 2:
        return True
    if looks_for_ids(lm):
        return _not_remembered(lm)
    begun = max(1, len(ids) - _STEPS)
    with borrowed(lm.model), torch.no_grad():
        whole = Decoding(lm, [ids], cached=False).logits()
        decoding = Decoding(lm, [ids[:begun]])
        try:
            for id_ in ids[begun:]:
                decoding.logits()
                decoding.append(id_[None])
            stepped = decoding.logits()
        except Exception:  # a model may refuse what it has given
            stepped = whole.new_full((), torch.nan)
    alike = not differ(stepped, whole, dtype=lm.dtype, most_rounding=ROUNDING)
    if alike and bool(stepped.isfinite().all()):
        return True
    return _not_remembered(lm)


def _not_remembered(lm: LoadedModel) -> bool:
    warnings.warn(
        f"{type(lm.model).__name__} goes on from its cache otherwise than from the whole text, so "
        "each token is computed from all those before it, without the cache: slower, but what the "
        "model gives for the text",
        stacklevel=3,
    )
    return False


def remembers_up_to(lm: LoadedModel, length: int) -> bool:
    """Whether a model goes on from what it remembers in texts of up to some length.

    Warns
    -----
    UserWarning
        If it does not; see :func:`remembers`.
    """
    if grows_with_length(lm.model) and length > same_up_to(lm.model):
        return lm.probe(_not_remembered)
    return lm.probe(remembers)


def hides_padding(lm: LoadedModel) -> bool:
    """Whether a text gives the same beside a longer one, filled up on the left, as alone."""
    ids = sample_ids(lm, _FILLED)
    if len(ids) < 3 or grows_with_length(lm.model):
        return False
    begun = len(ids) - max(1, min(_FILLED_STEPS, len(ids) // 4))
    prompts, after = [ids[:begun], ids[1:2]], ids[begun:]
    with borrowed(lm.model), torch.no_grad():
        if not takes(lm.model, "attention_mask"):
            return False
        alone = torch.cat([_steps(lm, [prompt], after) for prompt in prompts], dim=1)
        try:
            together = _steps(lm, prompts, after)
        except Exception:  # a model may refuse a mask
            return False
    return bool(together.isfinite().all()) and not differ(
        together, alone, dtype=lm.dtype, most_rounding=ROUNDING
    )


def _steps(lm: LoadedModel, prompts: Sequence[torch.Tensor], after: torch.Tensor) -> torch.Tensor:
    """Logits after prompts and after each of the tokens that follow, ``[1 + s, b, vocabulary]``."""
    decoding = Decoding(lm, prompts, cached=lm.probe(remembers))
    logits = [decoding.logits()]
    for id_ in after:
        decoding.append(id_.expand(len(prompts)))
        logits.append(decoding.logits())
    return torch.stack(logits)
