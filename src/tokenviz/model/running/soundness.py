"""Is this model one that our figures are true of? Checked by running it, once, on four tokens.

One thing is relied on that no class or configuration promises: that a token's logits do not depend
on later tokens (BERT-like models with a language-model head can be built), nor on how many there
are (ProphetNet's, of several streams of attention).
"""

from __future__ import annotations

import torch

from tokenviz.model.running.forward import borrowed, forward, wide
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["check_causal", "differ", "sample_ids"]

_MOST_ROUNDING = 0.02  # of the largest logit, in bfloat16
_MOST_QUANTISED = 0.1  # where activations are rounded by the largest of a whole text


def check_causal(lm: LoadedModel) -> None:
    """Raise ValueError if later tokens, or how many, change the logits of an earlier position."""
    ids = sample_ids(lm)
    changed = ids.clone()
    changed[-1] = ids[0]
    with borrowed(lm.model), torch.no_grad():
        positions = torch.arange(len(ids) - 1, device=lm.device)
        logits, _ = forward(lm.model, positions, input_ids=torch.stack([ids, changed]))
        shorter, _ = forward(lm.model, positions, input_ids=ids[None, :-1])
    name = type(lm.model).__name__
    if differ(logits[0], logits[1]):
        raise ValueError(
            f"model: {name} is not causal (a later token changes earlier "
            "predictions), so it has no next-token probabilities; expected a causal language "
            "model such as those of AutoModelForCausalLM (for BERT-like ones: is_decoder=True)"
        )
    if _differ_by(logits[0], shorter[0]) > _MOST_QUANTISED:
        raise ValueError(
            f"model: {name} is not causal (how many tokens follow changes earlier predictions), so "
            "it has no next-token probabilities; expected a model that predicts a token from those "
            "before it alone"
        )


def sample_ids(lm: LoadedModel, most: int = 4) -> torch.Tensor:
    """Different ids from the middle of the vocabulary, clear of padding and other control ids."""
    count = min(most, lm.vocabulary_size, lm.max_context or most)
    start = (lm.vocabulary_size - count) // 2
    return torch.arange(start, start + count, device=lm.device)


def differ(
    one: torch.Tensor,
    other: torch.Tensor,
    *,
    dtype: torch.dtype | None = None,
    most_rounding: float = _MOST_ROUNDING,
) -> bool:
    """Whether logits differ by more than rounding.

    Parameters
    ----------
    one, other
        The logits.
    dtype
        In which they were computed; their own if None.
    most_rounding
        The most that rounding may be, as a share of the largest.
    """
    rounding = min(100 * torch.finfo(dtype or one.dtype).eps, most_rounding)
    return _differ_by(one, other) > rounding


def _differ_by(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference of logits, as a share of the largest logit."""
    one, other = wide(one), wide(other)
    largest = float(one.abs().max())
    return float((one - other).abs().max()) / largest if largest else 0.0
