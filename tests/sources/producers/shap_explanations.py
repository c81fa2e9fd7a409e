"""Writes ``shap_texts.json``: what SHAP 0.51.0 says of two texts, and of parts of that.

What is explained is how many letters, and how many letters "a", a text has: a sum over its pieces,
so that each has its own share, exactly. Run in an environment that has shap:
``python -m tests.sources.producers.shap_explanations``.
"""

from __future__ import annotations

import numpy as np
import shap

from tests.sources.recorded import again, recorded, write
from tokenviz.sources.read import read

KEEP = {"Explanation": ["values", "base_values", "data", "output_names"]}
TEXTS = ["a cat sat", "the mat was flat today"]


def counted(texts: list[str]) -> np.ndarray:
    return np.array([[sum(map(str.isalpha, text)), text.count("a")] for text in texts], float)


if __name__ == "__main__":
    explainer = shap.Explainer(counted, shap.maskers.Text(r"\W+"), output_names=["letters", "a"])
    both = explainer(TEXTS, silent=True)
    kept = {
        "texts": both,
        "text": both[0],
        "one output": both[0, :, 1],
        "one output of texts": both[:, :, 1],
    }
    for explanation in kept.values():
        assert read(again(recorded(explanation, KEEP))) == read(explanation)
    write("shap_texts.json", {name: recorded(one, KEEP) for name, one in kept.items()})
