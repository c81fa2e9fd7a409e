"""verl: the texts that it dumps while it trains, ``N.jsonl``: no tokens, no log-probabilities."""

from __future__ import annotations

from typing import Any

from tokenviz.sources.format import Format, Given
from tokenviz.sources.per_token import records
from tokenviz.sources.text_rows import read_texts
from tokenviz.sources.texts import Texts

__all__ = ["VERL"]


def _recognise(source: Any) -> bool:
    rows = records(source)
    return bool(rows) and {"input", "output", "score", "step"} <= rows[0].keys()


def _read(source: Any, given: Given) -> list[Texts]:
    return [read_texts(source, "input", "output", VERL.title)]


VERL = Format(
    name="verl",
    title="verl rollouts",
    kind="texts",
    keys=("input", "output", "score", "step", "gts"),
    recognise=_recognise,
    read=_read,
    carries={
        "bytes": "text alone, without control tokens",
        "ids": "no",
        "alternatives": "no",
        "log-probabilities": "no: tv.read(path).score(lm) computes them",
    },
)
