"""Computing with 16-bit weights in float32, without a copy of the model.

In bfloat16 or float16 every operation of a model loses digits, and what explains the model are
differences and gradients, which drown in that. The weights are exact numbers all the same: widened
to float32 where they are used, an operation at a time, they give what the model would give had it
been loaded in float32, for the memory of one matrix more.

It is done from outside, by what torch tells of each of its functions before it runs (a
``TorchFunctionMode``), so that it takes no knowledge of the model: numbers of 16 bits that go in
are widened, and formats of 16 bits that are asked for become float32. Functions that only select or
rearrange numbers are left alone. A backward pass needs the weights again: not their wide copies
are kept for it but the weights, which are widened once more.

Whether that works for a model is tried, not believed.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch.overrides import TorchFunctionMode
from typing_extensions import Self

from tokenviz.model.running.forward import borrowed, forward
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.soundness import differ, sample_ids
from tokenviz.model.running.undoing import Undo, undone
from tokenviz.model.running.wrapping import is_compiled

__all__ = ["can_widen", "widening"]

_NARROW = {torch.bfloat16, torch.float16}
_PART = {"cpu": 1 << 20}  # numbers of a matrix that are widened at a time, and stay in its cache
_LARGE_PART = 1 << 24
# What moves numbers, or looks at a tensor, and computes nothing.
_AS_THEY_ARE = {
    "__getitem__", "__get__", "__set__", "__len__", "__iter__", "chunk", "contiguous", "detach",
    "dim", "embedding", "expand", "flatten", "index_select", "is_contiguous", "ndimension",
    "narrow", "numel", "permute", "reshape", "select", "size", "split", "squeeze", "stride", "t",
    "transpose", "unbind", "unflatten", "unsqueeze", "view",
}  # fmt: skip
_DTYPE: Any = torch.Tensor.dtype
_NARROWING = {"half", "bfloat16"}
_IN_PLACE = {
    "__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__idiv__",
    "__ifloordiv__", "__imod__", "__ipow__",
}  # fmt: skip
_MOST_ROUNDING = 0.05  # of the largest logit, in bfloat16


def widening(lm: LoadedModel) -> AbstractContextManager[object]:
    """Within this, what is run of a model is computed in float32 if its weights have 16 bits.

    Nothing happens where they have more, or where that was tried and does not work.
    """
    return undone(_Widening()) if lm.probe(can_widen) else nullcontext()


def can_widen(lm: LoadedModel) -> bool:
    """Whether a model has 16-bit weights and, on a few tokens, gives the same in float32."""
    if lm.dtype not in _NARROW or not _is_plain(lm.model):
        return False
    ids = sample_ids(lm)
    positions = torch.arange(len(ids), device=lm.device)
    with borrowed(lm.model), torch.no_grad():
        narrow, _ = forward(lm.model, positions, input_ids=ids[None], use_cache=False)
        try:
            with undone(_Widening()):
                wide, _ = forward(lm.model, positions, input_ids=ids[None], use_cache=False)
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except Exception:  # a model's own code may raise anything
            return False
    is_wide = wide.dtype == torch.float32 and bool(wide.isfinite().all())
    return is_wide and not differ(narrow, wide, dtype=lm.dtype, most_rounding=_MOST_ROUNDING)


def _is_plain(model: torch.nn.Module) -> bool:
    """Whether its weights are numbers as they are, and its code runs as it is written."""
    if is_compiled(model) or any(isinstance(m, torch.nn.DataParallel) for m in model.modules()):
        return False
    weights = [*model.parameters(), *model.buffers()]
    plain = (torch.Tensor, torch.nn.Parameter)
    return not any(w.is_meta or type(w) not in plain for w in weights) and all(
        parameter.is_floating_point() for parameter in model.parameters()
    )


class _Widening(Undo):
    """The mode on torch's stack of them, taken off again whatever happens."""

    def begin(self) -> Self:
        """Put the mode on the stack.

        While it is there, whatever is undone would run Python code, which can be cut.
        """
        super().begin()
        stack = torch._C
        self.at_once(
            stack._push_on_torch_function_stack, (_Wide(),), stack._pop_torch_function_stack
        )
        return self


class _Wide(TorchFunctionMode):
    """Widens what goes into each function of torch."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _AS_THEY_ARE:
            found = func(*args, **kwargs)
            return _wider(found) if func == _DTYPE.__get__ else found
        if name in _NARROWING:
            return args[0].float()
        if _writes(name, kwargs) and _is_narrow(_written(args, kwargs)):
            raise _WritesError(f"{name} writes into a tensor of 16 bits")
        if func is torch.nn.functional.linear and _is_large(args):
            return _in_parts(*args, **kwargs)
        return _run(func, args, kwargs)


class _WritesError(RuntimeError):
    """What is written into a copy would be lost."""


class _Kept(NamedTuple):
    """A view of a widened weight, for a backward pass."""

    weight: torch.Tensor
    size: torch.Size
    stride: Any
    offset: Any


def _run(func: Any, args: Any, kwargs: Any) -> Any:
    copies: dict[int, torch.Tensor] = {}  # by where a wide copy lies, what it was made from
    args, kwargs = _widened(args, copies), _widened(kwargs, copies)
    if not copies or not torch.is_grad_enabled():
        return func(*args, **kwargs)

    def pack(tensor: torch.Tensor) -> torch.Tensor | _Kept:
        weight = copies.get(tensor.untyped_storage().data_ptr())
        if weight is None:
            return tensor
        return _Kept(weight, tensor.size(), tensor.stride(), tensor.storage_offset())

    try:
        with torch.autograd.graph.saved_tensors_hooks(pack, _unpack):
            return func(*args, **kwargs)
    finally:
        copies.clear()  # what lies there later is something else


def _unpack(kept: torch.Tensor | _Kept) -> torch.Tensor:
    if isinstance(kept, torch.Tensor):
        return kept
    return kept.weight.float().as_strided(kept.size, kept.stride, kept.offset)


def _in_parts(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    """A product with a large matrix, some of its outputs at a time."""
    count = max(1, _part(weight) // weight.shape[1])
    parts = [
        _run(torch.nn.functional.linear, (x, weight[start : start + count]), {})
        for start in range(0, len(weight), count)
    ]
    result = torch.cat(parts, dim=-1)
    return result if bias is None else result + bias


def _widened(given: Any, copies: dict[int, torch.Tensor]) -> Any:
    """Tensors, formats, and what is made of them, of no fewer than 32 bits."""
    if isinstance(given, torch.Tensor):
        if not _is_narrow(given):
            return given
        copy = given.float()
        if not given.requires_grad:
            copies[copy.untyped_storage().data_ptr()] = given
        return copy
    if isinstance(given, torch.dtype):
        return _wider(given)
    if type(given) in (tuple, list):
        return type(given)(_widened(part, copies) for part in given)
    if type(given) is dict:
        return {name: _widened(part, copies) for name, part in given.items()}
    return given


def _wider(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype in _NARROW else dtype


def _is_narrow(given: Any) -> bool:
    return isinstance(given, torch.Tensor) and given.dtype in _NARROW


def _is_large(args: Any) -> bool:
    return len(args) > 1 and _is_narrow(args[1]) and args[1].numel() > _part(args[1])


def _part(weight: torch.Tensor) -> int:
    return _PART.get(weight.device.type, _LARGE_PART)


def _writes(name: str, kwargs: Any) -> bool:
    in_place = name.endswith("_") and not name.endswith("__")
    return in_place or name in _IN_PLACE or "out" in kwargs


def _written(args: Any, kwargs: Any) -> Any:
    return kwargs["out"] if "out" in kwargs else args[0]
