"""Real models of different tokenizers on one text, where ``TOKENVIZ_MODELS`` has several.

The identity: what the sums of a comparison hold, and what they leave out, is each text's
log-probability, as the model itself gives it, one forward pass and one log-softmax.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

import tokenviz as tv
from tests.model.test_real_models import folders
from tokenviz import Trace

TEXT = "Die Katze sitzt auf der Matte. 猫坐在垫子上。 नमस्ते 😀\n\tif x != 3: return [1.5, None]"
PROMPT = "Three sentences, and then some code.\n"
PAIRS = list(combinations(folders(), 2))


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: "-".join(f.name for f in pair))
def pair(request: pytest.FixtureRequest) -> tuple[tv.LanguageModel, ...]:
    return tuple(tv.load_model(str(folder), dtype=torch.float32) for folder in request.param)


def plainly(lm: tv.LanguageModel, trace: Trace) -> tuple[float, bool]:
    """The log-probability of a trace's tokens by the model alone, and whether its first has one."""
    ids = torch.tensor([[token.id for token in (*trace.prompt, *trace.tokens)]])
    with torch.no_grad():
        logprobs = lm.model(ids).logits[0].double().log_softmax(-1)
    given = max(1, len(trace.prompt))
    own = logprobs[given - 1 : -1].gather(-1, ids[0, given:, None])
    return float(own.sum()), bool(trace.prompt)


@pytest.mark.parametrize("prompt", [None, PROMPT])
def test_sums_and_what_is_left_out_are_the_texts(
    pair: tuple[tv.LanguageModel, ...], prompt: str | None
) -> None:
    found = pair[0].compare(pair[1], TEXT, prompt=prompt)
    summary = found.summary()
    assert not found.same_tokens and found.a.text == found.b.text == TEXT
    begins = []
    for i, (lm, trace) in enumerate(zip(pair, (found.a, found.b), strict=True)):
        expected, first = plainly(lm, trace)
        begins.append(first)
        outside = summary.outside[i]
        assert summary.logprobs[i] + outside.logprob == pytest.approx(expected, rel=1e-5)
        assert outside.unknown == int(not first)
        assert np.isnan(trace.logprobs[0]) == (not first)
    # Only where a model begins with nothing is a span left out, on both sides, and it is said why.
    if all(begins):
        assert "left out of both sums" not in summary.notes()
        assert summary.bytes == summary.all_bytes == len(TEXT.encode())
        np.testing.assert_allclose(found.deltas.sum(), summary.log_ratio, rtol=1e-5)
        return
    assert len(found) - summary.compared == 1 and all(side.tokens for side in summary.outside)
    assert summary.bytes < summary.all_bytes == len(TEXT.encode())
    told = summary.notes()
    assert f"of {len(found)} spans" in told["log ratio of what was compared"]
    for name, side in zip("ab", summary.outside, strict=True):
        assert f"of {name} {side}" in told["left out of both sums"]
    lacking = "ab"[begins.index(False)]
    reason = f"whose probability is not known in {lacking} (the first: nothing stands before it)"
    assert reason in told["not compared"] and reason in found.show().caption
    assert reason in repr(found)
