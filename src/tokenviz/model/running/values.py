"""What attention reads of each token: the values that a model of transformers gives to it.

Its models call attention by a table of functions. While it is watched, the entry that a model uses
is exchanged for one that remembers the values, and calls what was there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import torch
from transformers.modeling_utils import AttentionInterface
from typing_extensions import Self

from tokenviz.model.running.forward import text_config
from tokenviz.model.running.undoing import Undo
from tokenviz.model.running.wrapping import is_compiled

__all__ = ["SeenValues"]

_EAGER = "eager"  # is in no table: each file has its own


class SeenValues(Undo):
    """Within a ``with undone(…)``, remembers the values of each layer in the order of calls.

    Parameters
    ----------
    model
        The model to be run, in this thread.

    Attributes
    ----------
    layers
        Values ``[b, heads, n, d]`` of each layer, as attention gets them; none of a model that
        calls attention in another way, or was compiled.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self._model = model
        self._thread = threading.get_ident()
        self.layers: list[torch.Tensor] = []

    def begin(self) -> Self:
        """Begin to watch."""
        super().begin()
        name = getattr(text_config(self._model), "_attn_implementation", None) or _EAGER
        table: dict[str, Any] = AttentionInterface._global_mapping
        if not is_compiled(self._model) and (name in table or name == _EAGER):
            self.entry(table, name)
            table[name] = self._watching(table.get(name))
        return self

    def _watching(self, attention: Callable[..., Any] | None) -> Callable[..., Any]:
        def watched(
            module: torch.nn.Module,
            query: torch.Tensor,
            key: torch.Tensor,
            value: torch.Tensor,
            *args: Any,
            **kwargs: Any,
        ) -> Any:
            if threading.get_ident() == self._thread:
                self.layers.append(value)
            own = attention or _eager(module)
            return own(module, query, key, value, *args, **kwargs)

        return watched


def _eager(module: torch.nn.Module) -> Callable[..., Any]:
    """The plain attention of the file that a module is written in."""
    found: Callable[..., Any] = sys.modules[type(module).__module__].__dict__[
        "eager_attention_forward"
    ]
    return found
