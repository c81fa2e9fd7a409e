"""What a token is compared with: the embedding that stands for "nothing there"."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy.typing as npt
import torch

from tokenviz.model.running.forward import wide
from tokenviz.model.running.inputs import find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.scalars import integer, is_scalar

__all__ = ["Baseline", "Special", "baseline_embeddings", "blank", "default_baseline"]

Special: TypeAlias = Literal["pad", "unk", "mask", "bos", "eos"]

Baseline: TypeAlias = (
    "Literal['zero', 'mean', 'delete'] | Special | int | npt.ArrayLike | torch.Tensor"
)
"""Zero, the mean of the vocabulary's embeddings, a token (by id, or one that the tokenizer names),
embeddings ``[d]`` or ``[n, d]``, or (for occlusion) leaving the token out."""

_IDS = 4096  # embeddings averaged at a time


def baseline_embeddings(
    lm: LoadedModel, baseline: Any, inputs: torch.Tensor
) -> tuple[torch.Tensor, str]:
    """The baseline as embeddings, and what a caption calls it.

    Parameters
    ----------
    lm
        The model.
    baseline
        See :data:`Baseline`.
    inputs
        The prompt's embeddings, shape ``[n, d]``.

    Returns
    -------
    embeddings
        Shape ``[n, d]``, of the dtype and on the device of ``inputs``.
    name
        "zero", "mean", the token's label, or "custom embeddings".

    Raises
    ------
    TypeError, ValueError
        If the baseline is of no accepted form, its id is outside the vocabulary, its shape does
        not fit, or it is not finite.
    """
    ways = lm.probe(find_inputs)
    is_token = is_scalar(baseline) or (isinstance(baseline, str) and baseline in get_args(Special))
    if not ways.moves and not is_token:
        raise ValueError(
            f"baseline: {type(lm.model).__name__} can only be given token ids, so tokens can be "
            "replaced by others but not by embeddings; expected a token ('eos', 'bos', an id), or "
            f"for occlusion 'delete', got {_described(baseline)}"
        )
    if isinstance(baseline, str):
        if baseline == "zero":
            return torch.zeros_like(inputs), "zero"
        if baseline == "mean":
            return _mean_embedding(lm).to(inputs).expand_as(inputs), "mean"
        if baseline in get_args(Special):
            id_ = getattr(lm.tokenizer, f"{baseline}_token_id", None)
            if id_ is not None:
                return _token_embedding(lm, int(id_), inputs)
            reason = f" (the tokenizer of {lm.name} has no such token)"
        else:
            reason = ""
        raise ValueError(
            "baseline: expected 'zero', 'mean', 'delete', the name or id of a token, or "
            f"embeddings; got {baseline!r}{reason}"
        )
    if is_scalar(baseline):
        id_ = integer(baseline, "baseline", "a token id, its name or embeddings")
        return _token_embedding(lm, id_, inputs)
    if ways.width is None:
        return _given_embeddings(baseline, inputs), "custom embeddings"
    # What else is looked up by a token's id stays the prompt's own.
    given = _given_embeddings(baseline, inputs[:, : ways.width])
    return torch.cat([given, inputs[:, ways.width :]], dim=-1), "custom embeddings"


def default_baseline(lm: LoadedModel) -> Baseline:
    """The token that says that nothing went before, as far as the tokenizer has one.

    The end-of-sequence token, which the model was trained to read as the end of another text; else
    the token that begins a text, or the unknown one; else the mean embedding. Not the padding
    token: models never learn anything about it.
    """
    ids = (getattr(lm.tokenizer, f"{name}_token_id", None) for name in ("eos", "bos", "unk"))
    return next((int(id_) for id_ in ids if id_ is not None and id_ < lm.vocabulary_size), "mean")


def blank(lm: LoadedModel) -> int:
    """The id of a token that says nothing: a space where that is one token, else as above."""
    try:
        space = lm.tokenizer(" ", add_special_tokens=False)["input_ids"]
    except Exception:  # tokenizers are code of others
        space = []
    if len(space) == 1 and 0 <= int(space[0]) < lm.vocabulary_size:
        return int(space[0])
    default = default_baseline(lm)
    return default if isinstance(default, int) else 0


def _mean_embedding(lm: LoadedModel) -> torch.Tensor:
    """The mean of what the embedding layer gives (its scaling included) over the vocabulary."""
    total: torch.Tensor | None = None
    with torch.no_grad():
        for start in range(0, lm.vocabulary_size, _IDS):
            ids = torch.arange(start, min(start + _IDS, lm.vocabulary_size), device=lm.device)
            part = wide(lm.probe(find_inputs).rows(ids)).sum(0)
            total = part if total is None else total + part
    assert total is not None  # a vocabulary is never empty
    return total / lm.vocabulary_size


def _token_embedding(lm: LoadedModel, id_: int, inputs: torch.Tensor) -> tuple[torch.Tensor, str]:
    if not 0 <= id_ < lm.vocabulary_size:
        raise ValueError(
            f"baseline: id {id_} is outside the vocabulary of {lm.vocabulary_size} tokens"
        )
    embedding = lm.probe(find_inputs).rows(torch.tensor([id_], device=lm.device))
    return embedding.to(inputs).expand_as(inputs), f"token {lm.vocabulary[id_].label} ({id_})"


def _described(baseline: Any) -> str:
    return repr(baseline) if isinstance(baseline, str) else type(baseline).__name__


def _given_embeddings(baseline: Any, inputs: torch.Tensor) -> torch.Tensor:
    try:
        given = torch.as_tensor(baseline).detach()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            "baseline: expected 'zero', 'mean', a token id or an array of embeddings, "
            f"got {type(baseline).__name__}"
        ) from None
    n, d = inputs.shape
    if not given.is_floating_point() or given.shape not in {(d,), (n, d)}:
        raise ValueError(
            f"baseline: expected embeddings of shape [{d}] or [{n}, {d}], "
            f"got {str(given.dtype).removeprefix('torch.')} of shape {list(given.shape)}"
        )
    if not bool(given.isfinite().all()):
        raise ValueError("baseline: expected finite embeddings, got NaN or infinity")
    return given.to(inputs).expand_as(inputs)
