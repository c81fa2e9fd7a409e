"""Attribution without a model at hand: by whatever gives log-probabilities.

- ``attribute``, and ``rehearsal`` with ``estimate``, are the face: the perturbation methods of
  ``model/attributing`` through an ``objective`` that asks a scorer; ``speaking`` is what they see
  in a model's place.
- ``scorer`` says what a scorer is. ``completions`` is one that asks a server (``transport`` sends,
  ``echo`` reads, ``memory`` keeps), ``offline`` one that asks vLLM in the same process.
- ``words`` are the tokens of a text whose tokenizer is not known.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tokenviz.scorers.completions import Completions, completions
from tokenviz.scorers.offline import Offline, vllm
from tokenviz.scorers.scorer import Scorer
from tokenviz.scorers.transport import ServerError

if TYPE_CHECKING:
    from tokenviz.scorers.rehearsal import Requests as Requests
    from tokenviz.scorers.rehearsal import estimate as estimate

__all__ = ["Completions", "Offline", "Scorer", "ServerError", "completions", "vllm"]

_WITH_TORCH = {"Requests", "estimate"}


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("tokenviz.scorers.rehearsal"), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_WITH_TORCH})
