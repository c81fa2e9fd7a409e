"""The output head on its own: logits of some positions at a time from hidden states of all.

Logits of a long text over a large vocabulary take many times the memory of its hidden states. So
the body of the model runs once, and then the model itself once per piece, with a stand-in for its
body that returns the hidden states of that piece. Whatever the model does after its body (Gemma 2
caps logits, Granite and Cohere scale them, others normalise or project) is then its own code, and
need not be known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from tokenviz.model.running.calling import call
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.positions import forget_longer
from tokenviz.model.running.soundness import differ, sample_ids
from tokenviz.model.running.undoing import Undo, undone
from tokenviz.model.running.wrapping import is_wrapped

__all__ = ["SplitModel", "find_split"]


class SplitModel:
    """A causal language model cut in two: from ids to hidden states, from those to logits.

    Parameters
    ----------
    lm
        The model.
    path
        Where in it its body is, as in ``named_modules``.
    """

    def __init__(self, lm: LoadedModel, path: str) -> None:
        self._parent, _, self._name = path.rpartition(".")
        self._lm = lm
        self._path = path
        self._output: Any = None

    def hidden_states(self, ids: torch.Tensor, **given: Any) -> torch.Tensor:
        """What the head reads, from ids ``[b, n]`` and what else is given: ``[b, n, d]``."""
        # Looked up anew: the user may have put another body there.
        body: Any = self._lm.model.get_submodule(self._path)
        forget_longer(self._lm.model)
        output = body(input_ids=ids, use_cache=False, **given)
        self._output = type(output)
        hidden: torch.Tensor = output.last_hidden_state
        return hidden

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits ``[p, vocabulary]`` of positions with hidden states ``[p, d]``."""
        ids = torch.zeros(1, len(hidden), dtype=torch.int64, device=self._lm.device)
        stand_in = _StandIn(self._output(last_hidden_state=hidden[None]))
        parent = self._lm.model.get_submodule(self._parent)
        with undone(Undo()) as undo:  # hooks of the body do not run meanwhile
            undo.entry(parent._modules, self._name)
            parent._modules[self._name] = stand_in
            logits, _ = call(self._lm.model, input_ids=ids, use_cache=False)
        return logits[0]


def find_split(lm: LoadedModel) -> SplitModel | None:
    """The split of a model, if on a few tokens it gives what the model does; None otherwise.

    A model that is wrapped is not split: its body alone would not be what the user runs.
    """
    if is_wrapped(lm.model):
        return None
    ids = sample_ids(lm)[None]
    with borrowed(lm.model), torch.no_grad():
        expected = call(lm.model, input_ids=ids, use_cache=False)[0][0]
        for path in _bodies(lm.model):
            split = SplitModel(lm, path)
            try:
                hidden = split.hidden_states(ids)[0]
                pieces = torch.cat([split.logits(hidden[:1]), split.logits(hidden[1:])])
            except Exception:
                continue
            if pieces.shape == expected.shape and not differ(pieces, expected):
                return split
    return None


def _bodies(model: Any) -> Iterator[str]:
    """Where a model's body may be."""
    paths = {id(module): path for path, module in model.named_modules()}
    found = []
    decoder = getattr(model, "get_decoder", None)
    for body in (decoder() if callable(decoder) else None, getattr(model, "base_model", None)):
        path = paths.get(id(body), "")
        if path and path not in found:
            found.append(path)
            yield path


class _StandIn(torch.nn.Module):
    """Returns what it was given, whatever it is called with."""

    def __init__(self, output: Any) -> None:
        super().__init__()
        self._output = output

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self._output
