"""Output files of OpenAI's Batch API: a row per request, with the response in it.

Rows come in no order; a request is known by its ``custom_id``, which the traces keep.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

from tokenviz.sources.choices import is_list
from tokenviz.sources.fields import field, has, record

__all__ = ["Body", "bodies"]


class Body(NamedTuple):
    """The response to a request."""

    name: str
    """Where it was found."""
    custom_id: str
    content: Any


def bodies(source: Any) -> list[Body] | None:
    """The responses of a batch; None if it is none. Requests that failed are left out and told.

    Raises
    ------
    TypeError, ValueError
        If a row lacks its response, or all requests failed.
    """
    if not is_list(source) or not source:
        return None
    if not all(has(row, "custom_id", "response") for row in source):
        return None
    found, failed = [], []
    for i, row in enumerate(source):
        name = f"[{i}].response"
        custom_id = str(row["custom_id"])
        if row.get("error") is not None or row["response"] is None:
            failed.append(custom_id)
            continue
        response = record(row["response"], name)
        if response.get("status_code", 200) != 200:
            failed.append(custom_id)
            continue
        found.append(Body(f"{name}.body", custom_id, field(response, "body", name)))
    if failed:
        said = f"{len(failed)} of {len(source)} requests failed: {', '.join(failed[:5])}"
        if not found:
            raise ValueError(f"source: {said}")
        warnings.warn(f"{said}; they are left out", stacklevel=4)
    return found
