"""One forward pass: next-token logits at the positions that are read, and the model left as it was.

Logits of all positions are most of the memory of a pass over a large vocabulary, so only those
asked for are computed where the model lets us say so (``logits_to_keep``).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["borrowed", "finest", "forward", "text_config", "wide"]


@contextmanager
def borrowed(model: torch.nn.Module) -> Iterator[None]:
    """Put a model in evaluation mode with frozen parameters; leave it as it was found.

    Freezing keeps a backward pass to the inputs from storing what only weight gradients need.
    """
    modules = [(module, module.training) for module in model.modules()]
    parameters = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        for module, _ in modules:
            module.training = False
        for parameter, _ in parameters:
            parameter.requires_grad_(False)
        yield
    finally:
        for module, training in modules:
            module.training = training
        for parameter, requires_grad in parameters:
            parameter.requires_grad_(requires_grad)


def forward(
    model: torch.nn.Module, positions: torch.Tensor, **inputs: Any
) -> tuple[torch.Tensor, Any]:
    """Run a causal language model and keep the logits of some positions.

    Parameters
    ----------
    model
        A transformers causal language model.
    positions
        The positions whose next-token logits are wanted, int64, shape ``[p]``.
    inputs
        ``input_ids`` ``[b, n]`` or ``inputs_embeds`` ``[b, n, d]``, and what else the model takes.

    Returns
    -------
    logits
        Shape ``[b, p, vocabulary]``, in the model's dtype.
    output
        The model's own output, for its ``past_key_values``.
    """
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        # They index what may be on another device than the embeddings; the CPU's fit any.
        inputs["logits_to_keep"] = positions.cpu()
    output = model(**inputs)
    logits: torch.Tensor = output.logits
    if logits.shape[1] != len(positions):  # the model gave every position
        logits = logits[:, positions.to(logits.device)]
    return logits, output


def text_config(model: Any) -> Any:
    """The configuration of a model, or of its text part where it has several."""
    config = model.config
    return config.get_text_config() if hasattr(config, "get_text_config") else config


def finest(device: torch.device) -> torch.dtype:
    """The widest number format of a device: float64, which MPS lacks."""
    return torch.float32 if device.type == "mps" else torch.float64


def wide(logits: torch.Tensor) -> torch.Tensor:
    """Logits in float32, or float64 if they are: what a log-softmax over a vocabulary needs."""
    return logits if logits.dtype == torch.float64 else logits.float()
