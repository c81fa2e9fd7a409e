"""What one question costs on its way to the page: bytes for each number of tokens before it."""

from __future__ import annotations

from typing import Any

import tokenviz as tv
from benchmarks.explore.limits import Limits
from benchmarks.render.payload import size_of
from benchmarks.subject import random_case, random_subject

__all__ = ["rows"]

_METHOD = "input_x_gradient"
"""The quickest: bytes do not depend on it."""


def rows(limits: Limits) -> list[dict[str, Any]]:
    """Bytes of all messages to the page about one question, and of its values."""
    subject = random_subject("llama", quick=True)
    found = []
    for before in limits.before:
        ids = random_case(subject, before + 1, 1).prompt
        explorer = tv.Explorer(
            subject.lm, subject.lm.score(ids[1:], prompt=ids[:1], progress=False)
        )
        told: list[Any] = []
        explorer.send = lambda content, buffers=(), told=told: told.append([content, buffers])
        question = {"branch": 0, "start": before - 1, "stop": before, "slot": 0}
        asked = {"tokenviz": "why", "question": {**question, "instead_of": None, "method": _METHOD}}
        explorer._handle_custom_msg(asked, [])
        explorer.wait()
        values = explorer.tree.answers[0].attribution.values
        assert [content["tokenviz"] for content, _ in told] == ["asked", "answer"]
        found.append({"before": len(values), "values": 4 * values.size, "sent": size_of(told)})
        explorer.close()
    return found
