"""Reading what layouts have in common: linear maps, norms, rotations, feed-forward parts.

A class of transformers is told by its name; that it is transformers' own was seen before
(``plain.py``).
"""

from __future__ import annotations

from typing import Any

import torch

from tokenviz.model.decoder.decoder import Rotations
from tokenviz.model.decoder.linear import Linear, read_linear
from tokenviz.model.decoder.mlp import MLP
from tokenviz.model.decoder.norm import Norm
from tokenviz.model.decoder.rotary import Rotation
from tokenviz.model.running.forward import wide
from tokenviz.model.running.positions import LENGTH_DEPENDENT

__all__ = ["UnknownLayoutError", "gated_mlp", "linear", "norm", "rotation"]

# RMSNorms whose weight is multiplied in the model's dtype.
_NARROW = (
    "GlmRMSNorm",
    "Glm4RMSNorm",
    "GraniteRMSNorm",
    "LlamaRMSNorm",
    "MinistralRMSNorm",
    "MistralRMSNorm",
    "MixtralRMSNorm",
    "OlmoeRMSNorm",
    "Phi3RMSNorm",
    "Qwen2MoeRMSNorm",
    "Qwen2RMSNorm",
    "Qwen3MoeRMSNorm",
    "Qwen3RMSNorm",
    "SmolLM3RMSNorm",
)
_WIDE = ("GptOssRMSNorm", "Olmo2RMSNorm", "Olmo3RMSNorm")  # in float32
_ONE_AND = ("GemmaRMSNorm", "Gemma2RMSNorm", "Gemma3RMSNorm")  # in float32, and 1 is added to it


class UnknownLayoutError(Exception):
    """Something that is not as the layout says."""


def linear(module: Any) -> Linear:
    """A linear map."""
    found = read_linear(module)
    if found is None:
        raise UnknownLayoutError
    return found


def norm(module: Any) -> Norm:
    """A norm, of whichever kind."""
    if type(module) is torch.nn.LayerNorm:
        if not module.elementwise_affine:
            raise UnknownLayoutError
        bias: torch.Tensor | None = getattr(module, "bias", None)
        bias = None if bias is None else bias.detach()
        return Norm(module.weight.detach(), bias, module.eps, centred=True)
    name, weight = type(module).__name__, module.weight.detach()
    if name in _NARROW:
        return Norm(weight, None, module.variance_epsilon, centred=False)
    if name in _WIDE:
        return Norm(wide(weight), None, module.variance_epsilon, centred=False)
    if name in _ONE_AND:
        return Norm(1 + wide(weight), None, module.eps, centred=False)
    raise UnknownLayoutError


def gated_mlp(module: Any) -> MLP:
    """A gated feed-forward part; gate and up may be one matrix, the gate first."""
    if not hasattr(module, "gate_up_proj"):
        gate, up = linear(module.gate_proj), linear(module.up_proj)
        return MLP(gate, up, linear(module.down_proj), module.act_fn)
    fused = linear(module.gate_up_proj)
    half = len(fused.weight) // 2
    gate, up = fused.part(slice(half)), fused.part(slice(half, None))
    return MLP(gate, up, linear(module.down_proj), module.activation_fn)


def rotation(
    module: Any, kind: str | None = None, *, interleaved: bool = False, halved: bool = False
) -> Rotations:
    """A rotary embedding.

    Parameters
    ----------
    module
        What gives cosines and sines.
    kind
        Of blocks of one kind, where a model turns those of several differently.
    interleaved
        Whether each even dimension is turned with the next.
    halved
        Whether each angle is given once, not for both dimensions.
    """
    rope_type = module.rope_type if kind is None else module.rope_type.get(kind)
    if (
        rope_type is None or rope_type in LENGTH_DEPENDENT
    ):  # rows of one text would not agree with another's
        raise UnknownLayoutError

    def turned(positions: torch.Tensor, dtype: torch.dtype) -> Rotation:
        probe = torch.empty(0, dtype=dtype, device=positions.device)
        angles = module(probe, positions[None], *(() if kind is None else (kind,)))
        # Where a model leaves them in float32, it turns in float32.
        cos, sin = (part[0].to(torch.promote_types(part.dtype, dtype)) for part in angles)
        if halved:
            cos, sin = (torch.cat((part, part), -1) for part in (cos, sin))
        if interleaved:  # both halves say the same
            cos, sin = (
                part[..., : part.shape[-1] // 2].repeat_interleave(2, -1) for part in (cos, sin)
            )
        return Rotation(cos, sin, interleaved)

    return turned
