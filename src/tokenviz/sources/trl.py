"""TRL: the completions that it logs, ``completions_N.parquet``: no tokens, no log-probabilities."""

from __future__ import annotations

from typing import Any

from tokenviz.sources.format import Format, Given
from tokenviz.sources.per_token import records
from tokenviz.sources.text_rows import read_texts
from tokenviz.sources.texts import Texts

__all__ = ["TRL"]


def _recognise(source: Any) -> bool:
    rows = records(source)
    return bool(rows) and {"prompt", "completion", "step"} <= rows[0].keys()


def _read(source: Any, given: Given) -> list[Texts]:
    return [read_texts(source, "prompt", "completion", TRL.title)]


TRL = Format(
    name="trl",
    title="TRL completions",
    kind="texts",
    keys=("prompt", "completion", "step", "advantage"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "text alone, without control tokens",
        "ids": "no",
        "alternatives": "no",
        "log-probabilities": "no: tv.read(path).score(lm) computes them",
    },
)
