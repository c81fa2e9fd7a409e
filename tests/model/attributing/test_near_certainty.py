"""Gradients where the model is nearly certain: one minus a probability of nearly one."""

import copy

import numpy as np
import pytest

import tokenviz as tv
from tokenviz.model.attributing.engine import choosing


@pytest.mark.parametrize("path", ["fast", "generic"])
def test_float32_keeps_the_digits_of_float64(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if path == "generic":
        monkeypatch.setattr(choosing, "agreeing_decoder", lambda *_: None)
    lm = tv.load_model()
    trace = lm.generate("What is 43 x 34?", max_new_tokens=40)
    assert trace.probabilities.max() > 0.99999  # 1 minus which has two digits in float32
    narrow = lm.attribute(trace, method="input_x_gradient").values
    wide_lm = tv.LanguageModel(copy.deepcopy(lm.model).double(), lm.tokenizer)
    wide = wide_lm.attribute(trace, method="input_x_gradient").values
    scale = np.abs(wide).max(axis=0)
    np.testing.assert_allclose(narrow / scale, wide / scale, atol=1e-3)
