"""The bar of something that takes a while, where tqdm is installed."""

from __future__ import annotations

from typing import Any

__all__ = ["progress_bar"]


def progress_bar(total: int, doing: str, unit: str, progress: bool | None) -> Any:
    """A bar of tqdm's: at once (True), never (False), or after two seconds, where tqdm is (None).

    Raises
    ------
    ImportError
        If a bar is asked for, and tqdm is not installed.
    """
    if progress is False:
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if progress:
            raise ImportError("progress: a progress bar needs tqdm; pip install tqdm") from None
        return None
    return tqdm(total=total, desc=doing, unit=unit, unit_scale=True, leave=False,
                delay=0.0 if progress else 2.0)  # fmt: skip
