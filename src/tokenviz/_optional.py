"""Optional libraries: imported on first use, with an error that says what to install."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, *, feature: str, install: str) -> Any:
    """Import ``module``, or say which ``install`` target of pip makes ``feature`` work."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{feature} needs {module}, which is not installed: pip install {install!r}"
        ) from error
