"""How the tokens of a prompt are given to a model, so that one can be moved or replaced.

Attribution moves embeddings, so a model must take them in place of ids, and they must carry all
that ids do. Most models take ``inputs_embeds``. Gemma 3n and 4 look up a second, *per-layer*
embedding by id, which can be given beside the first. A model's own code may know no
``inputs_embeds``: there the output of its embedding layer is exchanged. Where ids are read in other
ways besides, a token can only be replaced by another, or left out.

Which holds is tried, once. Whatever the way, tokens become *rows*, and only this file knows what is
in them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch

from tokenviz.model.running.caches import Cache
from tokenviz.model.running.forward import borrowed, forward, text_config
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import differ, sample_ids
from tokenviz.model.running.undoing import Undo, undone
from tokenviz.model.running.widening import can_widen, widening

__all__ = ["Embeddings", "Ids", "Inputs", "find_inputs", "looks_for_ids"]

_MOVED = 1.01  # times an embedding: no token's own


class Inputs(ABC):
    """A model's inputs as rows, one for each token."""

    moves = True
    """Whether rows may be anything, and gradients with respect to them exist."""

    def __init__(self, lm: LoadedModel) -> None:
        self._lm = lm

    @property
    def width(self) -> int | None:
        """How many numbers of a row are the input embedding; None for all."""
        return None

    @property
    def dtype(self) -> torch.dtype:
        """The number format in which the model is computed, and rows are embedded."""
        return torch.float32 if self._lm.probe(can_widen) else self._lm.dtype

    def rows(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids ``[…]`` to rows ``[…, w]``."""
        # Not no_grad: the question is still asked, and an interrupt could leave that on.
        with widening(self._lm):
            rows: torch.Tensor = self._lm.embedding(ids).detach()
        return rows.float() if self._lm.probe(can_widen) else rows

    @abstractmethod
    def logits(
        self, positions: torch.Tensor, rows: torch.Tensor, cache: Cache | None = None
    ) -> torch.Tensor:
        """Next-token logits ``[b, p, vocabulary]`` at positions ``[p]`` of rows ``[b, n, w]``.

        With a cache, the rows come after those that it holds.
        """

    def _forward(self, positions: torch.Tensor, cache: Cache | None, **given: Any) -> torch.Tensor:
        if cache is None:
            given["use_cache"] = False
        with widening(self._lm):
            return forward(self._lm.model, positions, cache, **given)[0]


class Embeddings(Inputs):
    """Rows are embeddings, given as ``inputs_embeds``."""

    def logits(
        self, positions: torch.Tensor, rows: torch.Tensor, cache: Cache | None = None
    ) -> torch.Tensor:
        """See :meth:`Inputs.logits`."""
        return self._forward(positions, cache, inputs_embeds=rows)


class PerLayerEmbeddings(Inputs):
    """Rows are embeddings, and after each the per-layer embeddings of its token.

    A token that is replaced takes both with it.
    """

    def __init__(self, lm: LoadedModel) -> None:
        super().__init__(lm)
        self._owner = _per_layer_owner(lm)

    @property
    def width(self) -> int:
        """See :attr:`Inputs.width`."""
        return int(text_config(self._lm.model).hidden_size)

    def rows(self, ids: torch.Tensor) -> torch.Tensor:
        """See :meth:`Inputs.rows`."""
        own = super().rows(ids)
        with widening(self._lm):
            beside = self._owner.get_per_layer_inputs(ids.reshape(1, -1))[0].flatten(1).detach()
        return torch.cat([own, beside.to(own).view(*ids.shape, beside.shape[1])], dim=-1)

    def logits(
        self, positions: torch.Tensor, rows: torch.Tensor, cache: Cache | None = None
    ) -> torch.Tensor:
        """See :meth:`Inputs.logits`."""
        size = int(text_config(self._lm.model).hidden_size_per_layer_input)
        beside = rows[..., self.width :]
        beside = beside.view(*beside.shape[:-1], -1, size)
        embeddings = rows[..., : self.width]
        return self._forward(positions, cache, inputs_embeds=embeddings, per_layer_inputs=beside)


class EmbeddingOutputs(Inputs):
    """Rows are embeddings, put in the place of what the embedding layer gives."""

    def logits(
        self, positions: torch.Tensor, rows: torch.Tensor, cache: Cache | None = None
    ) -> torch.Tensor:
        """See :meth:`Inputs.logits`."""
        ids = sample_ids(self._lm, 1).expand(rows.shape[:-1])

        def exchanged(module: torch.nn.Module, given: Any, output: torch.Tensor) -> torch.Tensor:
            if output.shape != rows.shape:
                raise ValueError(f"the embedding layer gave {list(output.shape)}")
            return rows.to(output)

        hooks = self._lm.embedding._forward_hooks
        key = object()  # unlike torch's own, which are numbers
        with undone(Undo()) as undo:
            undo.entry(hooks, key)
            hooks[key] = exchanged
            return self._forward(positions, cache, input_ids=ids)


class Ids(Inputs):
    """Rows are ids: tokens can be replaced and left out, and nothing lies between them."""

    moves = False

    def rows(self, ids: torch.Tensor) -> torch.Tensor:
        """See :meth:`Inputs.rows`."""
        return ids[..., None]

    def logits(
        self, positions: torch.Tensor, rows: torch.Tensor, cache: Cache | None = None
    ) -> torch.Tensor:
        """See :meth:`Inputs.logits`."""
        return self._forward(positions, cache, input_ids=rows[..., 0])


def find_inputs(lm: LoadedModel) -> Inputs:
    """The first way in which a model gives the same as from ids, on a few tokens."""
    if looks_for_ids(lm):
        return Ids(lm)
    ids = sample_ids(lm)
    positions = torch.arange(len(ids), device=lm.device)
    with borrowed(lm.model), torch.no_grad():
        with widening(lm):
            expected, _ = forward(lm.model, positions, input_ids=ids[None], use_cache=False)
        for kind in (PerLayerEmbeddings, Embeddings, EmbeddingOutputs):
            if kind is PerLayerEmbeddings and _per_layer_owner(lm) is None:
                continue
            inputs = kind(lm)
            try:
                rows = inputs.rows(ids)[None]
                found = inputs.logits(positions, rows)
                # Some look for the id that has an embedding, and fail as soon as one moves. Not in
                # one batch: some round by the largest number in it.
                moved = inputs.logits(positions, rows * _MOVED)
            except (MemoryError, torch.OutOfMemoryError):
                raise
            except Exception:  # a model's own code may raise anything
                continue
            if not differ(found, expected) and bool(moved.isfinite().all()):
                return inputs
    return Ids(lm)


def _per_layer_owner(lm: LoadedModel) -> Any:
    """The module that looks per-layer embeddings up; None if the model has none."""
    if not getattr(text_config(lm.model), "hidden_size_per_layer_input", None):
        return None
    owners = (m for m in lm.model.modules() if hasattr(type(m), "get_per_layer_inputs"))
    return next(owners, None)


def looks_for_ids(lm: LoadedModel) -> bool:
    """Whether an adapter is at work only after certain ids (activated LoRA).

    Given embeddings it is left out, which a trial on other ids would not show.
    """
    adapters = getattr(lm.model, "peft_config", None)
    values = adapters.values() if isinstance(adapters, dict) else ()
    return any(getattr(config, "alora_invocation_tokens", None) for config in values)
