"""Output files of OpenAI's Batch API: a row per request, with the response in it.

Rows come in no order; a request is known by its ``custom_id``, which the traces keep.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from tokenviz.sources.choices import is_list
from tokenviz.sources.fields import field, has, record

__all__ = ["Body", "bodies", "body", "is_of_batch"]


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
    if not is_list(source) or not source or not all(map(is_of_batch, source)):
        return None
    found, failed = [], []
    for i, row in enumerate(source):
        body = _body(row, f"[{i}].response")
        if body is None:
            failed.append(str(row["custom_id"]))
        else:
            found.append(body)
    if failed:
        said = f"{len(failed)} of {len(source)} requests failed: {', '.join(failed[:5])}"
        if not found:
            raise ValueError(f"source: {said}")
        warnings.warn(f"{said}; they are left out", stacklevel=4)
    return found


def is_of_batch(row: Any) -> bool:
    """Whether it is a row of a batch's output."""
    return has(row, "custom_id", "response")


def body(row: Any) -> Body:
    """The response of one row.

    Raises
    ------
    TypeError, ValueError
        If the row lacks its response, or the request failed: with what the row says of it.
    """
    found = _body(row, "response")
    if found is None:
        said = row.get("error") or row["response"]
        raise ValueError(f"the request {str(row['custom_id'])!r} failed: {json.dumps(said)}")
    return found


def _body(row: Mapping[str, Any], name: str) -> Body | None:
    """The response; None where the request failed."""
    if row.get("error") is not None or row["response"] is None:
        return None
    response = record(row["response"], name)
    if response.get("status_code", 200) != 200:
        return None
    return Body(f"{name}.body", str(row["custom_id"]), field(response, "body", name))
