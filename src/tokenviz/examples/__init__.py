"""The two reference figures, as data that needs no model.

The numbers are transcribed from published figures: four decimals (attribution) and two (trace).
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import numpy as np

from tokenviz.data.attribution import Attribution
from tokenviz.data.tokens import Token
from tokenviz.data.trace import Trace

__all__ = ["attribution", "trace"]


def attribution() -> Attribution:
    """Attribution of the 13 tokens of ``—16,000x—0.8_=`` to five arithmetic expressions."""
    data = _read("attribution.json")
    return Attribution(
        data["values"], data["tokens"], data["targets"], label=data["colorbar_label"]
    )


def trace() -> Trace:
    """A model working out 43 × 34 = 1,462 in 97 tokens, with 32 alternatives."""
    steps = _read("trace.json")["steps"]
    return Trace(
        [_token(step["token"]) for step in steps],
        np.log([step["probability"] for step in steps]),
        [
            [(_token(a["token"]), np.log(a["probability"])) for a in step.get("alternatives", ())]
            for step in steps
        ],
    )


def _token(text: str) -> Token:
    return Token(text, special=text == "</think>")


def _read(name: str) -> Any:
    return json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
