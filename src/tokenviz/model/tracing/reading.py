"""Reading texts: the logits at each of their positions, a piece at a time.

A model whose head can be told from its body (:mod:`tokenviz.model.running.head`) computes hidden
states of all positions and logits of a few. Any other reads the text in pieces over its key–value
cache, and one whose cache does not give the same reads it in one go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from tokenviz.model.running.caches import Cache
from tokenviz.model.running.calling import call
from tokenviz.model.running.counting import counts_from_zero
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.head import find_split
from tokenviz.model.running.inputs import looks_for_ids
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.positions import grows_with_length
from tokenviz.model.running.soundness import differ, sample_ids
from tokenviz.model.tracing.batching import padding_id

__all__ = ["read", "reads_in_pieces"]

_PIECE = 64 << 20  # bytes of float32 logits at a time


def read(
    lm: LoadedModel, texts: Sequence[torch.Tensor], first: Sequence[int], **given: Any
) -> Iterator[Any]:
    """Next-token logits of several texts, end to end.

    Parameters
    ----------
    lm
        The model.
    texts
        Token ids ``[n]`` each. They are filled up on the right, which a causal model cannot see.
    first
        The position of each text at which to begin.
    given
        What else the model is told, such as ``attention_mask`` ``[1, n]``; of one text only.

    Yields
    ------
    torch.Tensor
        Logits of the next positions, shape ``[p, vocabulary]``, p as large as memory allows.
    """
    split = lm.probe(find_split)
    if split is None:
        for ids, start in zip(texts, first, strict=True):
            yield from _read_alone(lm, ids, start, given)
        return
    filled = torch.nn.utils.rnn.pad_sequence(
        list(texts), batch_first=True, padding_value=padding_id(lm)
    )
    hidden = split.hidden_states(filled, **given)
    wanted = [row[start : len(ids)] for row, ids, start in zip(hidden, texts, first, strict=True)]
    flat = wanted[0] if len(wanted) == 1 else torch.cat(wanted)
    del hidden, wanted  # the copy is enough
    for piece in flat.split(_rows(lm)):
        yield split.logits(piece)


def reads_in_pieces(lm: LoadedModel) -> bool:
    """Whether a model gives the same for a text in pieces over its cache as for the whole."""
    if looks_for_ids(lm) or grows_with_length(lm.model):
        return False
    ids = sample_ids(lm)
    with borrowed(lm.model), torch.no_grad():
        whole = call(lm.model, input_ids=ids[None], use_cache=False)[0][0]
        cache = Cache(lm.model, positions=lm.probe(counts_from_zero))
        pieces: list[torch.Tensor] = []
        for half in torch.split(ids, max(1, len(ids) // 2)):
            if pieces and not cache.filled:
                return False
            try:
                pieces.append(cache.run(input_ids=half[None])[0])
            except Exception:  # a model may refuse to go on with several tokens
                return False
    joined = torch.cat(pieces)
    return joined.shape == whole.shape and not differ(joined, whole)


def _read_alone(
    lm: LoadedModel, ids: torch.Tensor, start: int, given: Mapping[str, Any]
) -> Iterator[torch.Tensor]:
    rows = _rows(lm)
    if given or not lm.probe(reads_in_pieces):
        logits, _ = call(lm.model, input_ids=ids[None], use_cache=False, **given)
        yield from torch.split(logits[0, start:], rows)
        return
    cache = Cache(lm.model, positions=lm.probe(counts_from_zero))
    for begin in range(0, len(ids), rows):
        logits = cache.run(input_ids=ids[None, begin : begin + rows])[0]
        if begin + len(logits) > start:
            yield logits[max(0, start - begin) :]


def _rows(lm: LoadedModel) -> int:
    """How many positions of logits are held at a time."""
    return max(1, _PIECE // (4 * lm.vocabulary_size))
