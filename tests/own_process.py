"""Functions called each in a process of its own, which has imported torch and transformers already.

For what is asked of a whole process, such as the most memory it took: an interpreter of its own
would take its time to import them, and then do the same.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from typing import Any

import pytest

PRELOADED = ["torch", "transformers", "transformers.models.llama.modeling_llama"]
PATIENCE = 300  # seconds; a process that ends before it has answered is not heard of

OwnProcess = Callable[..., Any]


def call_in_own_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of a module returns for its arguments."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with pytest.MonkeyPatch.context() as patch:
        # It is looked for, and the main module of a process of pytest-xdist has none; IPython puts
        # another one in its place.
        patch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)
        with context.Pool(1) as pool:
            return pool.apply_async(function, arguments).get(PATIENCE)
