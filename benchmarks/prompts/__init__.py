"""Prompts of which it is known what decides the answer, as data: ``load()`` reads them all.

A file ``KIND.jsonl`` holds one prompt a line, in our own words::

    {"text": "The capital of [[France|Italy]] is", "target": " Paris", "foil": " Rome"}
    {"chat": [{"role": "user", "content": "… [[red|blue]] …"}], "target": "Red", "foil": "Blue"}

The words between ``[[`` and ``|`` decide the answer by construction: nothing but they differs when
they are exchanged for those between ``|`` and ``]]``, and the answer is then the foil. Target and
foil are what follows the text, or what the assistant says; of each the first token counts. Where a
text says ``<<400 words, seed 1>>``, so many words that tell nothing stand there
(:mod:`benchmarks.prompts.filler`).

``python -m benchmarks.prompts --model FOLDER`` says how many of them a model may be asked.
"""

from __future__ import annotations

from benchmarks.prompts.asking import Answer, answer, answered
from benchmarks.prompts.prompt import Marked, Prompt, deciding_tokens
from benchmarks.prompts.reader import KINDS, load

__all__ = ["KINDS", "Answer", "Marked", "Prompt", "answer", "answered", "deciding_tokens", "load"]
