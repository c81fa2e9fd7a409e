"""Is this model one that our figures are true of? Checked by running it, once, on four tokens.

Two things are relied on that no class or configuration promises: that a token's logits do not
depend on later tokens (BERT-like models with a language-model head can be built), and that
embeddings carry all that token ids do (some models also read ids elsewhere, and would silently
compute something different from embeddings alone).
"""

from __future__ import annotations

import torch

from tokenviz.model.running.forward import borrowed, forward, wide
from tokenviz.model.running.loaded_model import LoadedModel

__all__ = ["check_causal", "check_embeddings", "differ", "sample_ids"]

_MOST_ROUNDING = 0.02  # of the largest logit, in bfloat16


def check_causal(lm: LoadedModel) -> None:
    """Raise ValueError if a later token changes the logits of an earlier position."""
    ids = sample_ids(lm)
    changed = ids.clone()
    changed[-1] = ids[0]
    with borrowed(lm.model), torch.no_grad():
        positions = torch.arange(len(ids) - 1, device=lm.device)
        logits, _ = forward(lm.model, positions, input_ids=torch.stack([ids, changed]))
    if differ(logits[0], logits[1]):
        raise ValueError(
            f"model: {type(lm.model).__name__} is not causal (a later token changes earlier "
            "predictions), so it has no next-token probabilities; expected a causal language "
            "model such as those of AutoModelForCausalLM (for BERT-like ones: is_decoder=True)"
        )


def check_embeddings(lm: LoadedModel) -> None:
    """Raise ValueError if the model computes something else from embeddings than from their ids."""
    ids = sample_ids(lm)
    with borrowed(lm.model), torch.no_grad():
        positions = torch.arange(len(ids), device=lm.device)
        from_ids, _ = forward(lm.model, positions, input_ids=ids[None])
        embeds = lm.embedding(ids)[None]
        try:
            from_embeds, _ = forward(lm.model, positions, inputs_embeds=embeds)
        except Exception as error:  # whatever a model says that reads ids, or takes no embeddings
            raise ValueError(
                f"model: {type(lm.model).__name__} does not run on inputs_embeds without input_ids "
                f"({type(error).__name__}: {error}), and attributions to its input embeddings need "
                "that; generate and score work"
            ) from error
    if differ(from_ids, from_embeds):
        raise ValueError(
            f"model: {type(lm.model).__name__} does not compute the same from inputs_embeds as "
            "from input_ids, so attributions to its input embeddings would not explain it"
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
    one, other = wide(one), wide(other)
    return bool((one - other).abs().max() > rounding * one.abs().max())
