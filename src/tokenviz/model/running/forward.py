"""One forward pass: next-token logits at the positions that are read, and the model left as it was.

Logits of all positions are most of the memory of a pass over a large vocabulary, so only those
asked for are computed where the model lets us say so (``logits_to_keep``).
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import torch
from typing_extensions import Self

from tokenviz.model.running.caches import Cache
from tokenviz.model.running.calling import call, takes
from tokenviz.model.running.forks import mind_forks
from tokenviz.model.running.turns import turns_at
from tokenviz.model.running.undoing import Undo, undone
from tokenviz.model.running.wrapping import described

__all__ = ["Loan", "borrowed", "finest", "forward", "setting", "text_config", "wide"]


class Loan(Undo):
    """A model while it is borrowed: in evaluation mode, its parameters frozen."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self._model = model
        self._turns = turns_at(model)

    def begin(self) -> Self:
        """Wait until nobody else has it, and prepare it."""
        super().begin()
        mind_forks()
        self._turns.take(self)
        self._write_down()
        for module in self._model.modules():
            module.training = False
        for parameter in self._parameters():
            parameter.requires_grad_(False)
        return self

    def lend(self) -> None:
        """Let another thread that waits for it have it first; for between two steps."""
        if self._turns.wanted and not self._turns.is_taken_within():
            self.undo()
            self.begin()

    def _parameters(self) -> Iterator[torch.nn.Parameter]:
        """Those that are here: ones that are offloaded are other objects each time they come."""
        return (p for p in self._model.parameters() if not p.is_meta)

    def _write_down(self) -> None:
        parameters = [(p, "requires_grad", p.requires_grad) for p in self._parameters()]
        plain, other = [], []
        for module in self._model.modules():
            own = vars(module)
            if "training" in own:
                plain.append((own, "training", module.training))
            else:  # what wraps a model may have a setter of its own
                other.append((module, "training", module.training))
        self.steps(setattr, parameters)
        self.steps(operator.setitem, plain)
        self.steps(setattr, other)


def borrowed(model: torch.nn.Module) -> undone[Loan]:
    """Put a model in evaluation mode with frozen parameters; leave it as it was found.

    Freezing keeps a backward pass to the inputs from storing what only weight gradients need. Until
    then other threads wait for the model, but for when the loan is lent. It is given back whatever
    happens (:mod:`tokenviz.model.running.undoing`).
    """
    return undone(Loan(model))


def forward(
    model: torch.nn.Module, positions: torch.Tensor, cache: Cache | None = None, **inputs: Any
) -> tuple[torch.Tensor, Any]:
    """Run a causal language model and keep the logits of some positions.

    Parameters
    ----------
    model
        A transformers causal language model.
    positions
        The positions whose next-token logits are wanted, int64, shape ``[p]``.
    cache
        What the model has read before, and goes on from; what it reads now is added.
    inputs
        ``input_ids`` ``[b, n]`` or ``inputs_embeds`` ``[b, n, d]``, and what else the model takes.

    Returns
    -------
    logits
        Shape ``[b, p, vocabulary]``, in the model's dtype.
    output
        The model's own output, for what else is in it; None with a cache.
    """
    if takes(model, "logits_to_keep"):
        # They index what may be on another device than the embeddings; the CPU's fit any.
        inputs["logits_to_keep"] = positions.cpu()
    if cache is None:
        logits, output = call(model, **inputs)
    else:
        logits, output = cache.run(**inputs), None
    if logits.shape[1] != len(positions):  # the model gave every position
        logits = logits[:, positions.to(logits.device)]
    return logits, output


def text_config(model: Any) -> Any:
    """The configuration of a model, or of its text part where it has several."""
    config = described(model).config
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def setting(model: Any, name: str) -> Any:
    """An entry of a model's configuration; None where it has none, or another for each layer."""
    try:
        return getattr(text_config(model), name, None)
    except RuntimeError:  # transformers refuses to give one of several
        return None


def finest(device: torch.device) -> torch.dtype:
    """The widest number format of a device: float64, which MPS lacks."""
    return torch.float32 if device.type == "mps" else torch.float64


def wide(logits: torch.Tensor) -> torch.Tensor:
    """Logits in float32, or float64 if they are: what a log-softmax over a vocabulary needs."""
    return logits if logits.dtype == torch.float64 else logits.float()
