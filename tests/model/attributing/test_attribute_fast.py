"""By the parts of a decoder, by the model's own forward, and by brute force: the same numbers."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.model.attributing import brute_columns
from tests.model.decoders import KNOWN, UNKNOWN, all_experts, decoder_lm, decoder_model, exact_norms
from tests.model.small import byte_level_tokenizer
from tokenviz.data.attribution import Attribution
from tokenviz.model.attributing.asking.targets import Contrast
from tokenviz.model.attributing.engine import choosing, fast
from tokenviz.model.attributing.engine.agreement import agreeing_decoder
from tokenviz.model.language_model import LanguageModel

__all__ = ["exact_norms"]

PROMPT = [60, 7, 130, 200, 201]
SCORES = ["logprob", "probability", "logit", "log_odds"]


def spread(logits: torch.Tensor) -> torch.Tensor:
    """A function of logits that is not linear, and looks at many."""
    return (logits[:, 3] - logits[:, 7:9].mean(-1)) * logits.std(-1)


# Each is the arguments of attribute.
CASES: dict[str, dict[str, Any]] = {
    "one token": {"targets": [9]},
    "ids": {"targets": [[4, 5, 6, 7, 8, 9]]},
    "text, lengths, duplicates": {"targets": [" the mat", [5, 6, 7], 9, [9, 9], " the mat"]},
    "repeats the prompt": {"targets": [PROMPT, PROMPT[:2]]},
    "continuation": {"continuation": [40, 9, 41, 42]},
    "long continuation": {"continuation": list(range(40, 62))},
    "contrasts": {"targets": [Contrast(" the mat", [3]), Contrast(9, [9, 4, 5]), 9]},
    "function": {"targets": [spread]},
    "everything": {"targets": [[5, 6], spread, Contrast([5, 6], [8]), 9, [5, 6]]},
    "mean": {"targets": [[5, 6, 7], 9, Contrast([5, 6, 7], 9), spread], "reduction": "mean"},
    "thirty tokens": {"targets": list(range(30, 60))},
}


# Layouts that differ from one of these in little are tried on what is asked most widely.
DISTINCT = (
    "llama", "llama, one layer", "mistral, window", "qwen2, windows above", "qwen3", "gemma3",
    "gemma2", "granite", "olmo2", "gpt_oss", "qwen2_moe, one dense", "gpt2", "gpt_neox",
)  # fmt: skip
WIDELY = ("everything", "long continuation")


def asked_of_layouts(*cases: str) -> list[tuple[str, str]]:
    return [(name, case) for name in KNOWN for case in cases if name in DISTINCT or case in WIDELY]


def scores_asked(name: str, case: str) -> list[str]:
    """All scores of one layout, one in turn of the others.

    A score is computed from logits, whatever gave them: each case meets each score on llama, and
    each distinct layout does where methods are compared with their definitions.
    """
    if name == "llama":
        return SCORES
    turn = list(KNOWN).index(name) + list(CASES).index(case)
    return [SCORES[turn % len(SCORES)]]


def generically(lm: LanguageModel, *args: Any, **options: Any) -> Attribution:
    """The same without the parts of the decoder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "agreeing_decoder", lambda lm, length: None)
        return lm.attribute(*args, **options)


def check(one: Any, other: Any, tolerance: float = 1e-6) -> None:
    """Within a share of the largest value of each column.

    Columns that are out of the prompt's sight (behind a window) are nothing but rounding.
    """
    assert np.isfinite(other).all()
    scale = np.abs(other).max(axis=0)
    scale = scale.clip(1e-7 * max(float(scale.max()), 1e-9))
    assert (np.abs(one - other) / scale).max() < tolerance


@pytest.mark.parametrize(("name", "case"), asked_of_layouts(*CASES))
def test_parts_give_the_same_as_the_models_forward(name: str, case: str) -> None:
    lm = decoder_lm(name)
    assert agreeing_decoder(lm, 40) is not None
    for method, options in brute_columns.OPTIONS.items():
        for score in scores_asked(name, case) if method != "shapley" else SCORES[:1]:
            asked: Any = {"method": method, "score": score, **options, **CASES[case]}
            by_parts = lm.attribute(PROMPT, **asked)
            by_forward = generically(lm, PROMPT, **asked)
            check(by_parts.values, by_forward.values)


@pytest.mark.parametrize(
    ("name", "case"),
    asked_of_layouts("text, lengths, duplicates", "long continuation", "everything"),
)
def test_removal_sees_the_same_values_by_parts_and_by_the_models_forward(
    name: str, case: str
) -> None:
    lm = decoder_lm(name)
    by_parts = lm.attribute(PROMPT, **CASES[case])
    by_forward = generically(lm, PROMPT, **CASES[case])
    assert by_parts.method == "removal"
    check(by_parts.values, by_forward.values)


@pytest.mark.parametrize(
    ("name", "score"),
    [
        (name, score)
        for turn, name in enumerate([*KNOWN, *UNKNOWN])
        for index, score in enumerate(SCORES)
        if name in DISTINCT or name in UNKNOWN or (turn + index) % 2 == 0
    ],
)
def test_every_method_is_its_definition(name: str, score: Any) -> None:
    lm = decoder_lm(name)
    assert (agreeing_decoder(lm, 40) is None) == (name in UNKNOWN)
    prompt = PROMPT[:4]
    x = lm.embedding(torch.tensor(prompt)).detach()
    start = lm.embedding(torch.tensor([311])).detach().expand_as(x)
    cases: list[dict[str, Any]] = [
        {"targets": [[5, 6, 7], 9, Contrast([5, 6, 7], 8), spread], "reduction": "mean"},
        {"targets": [" the mat", Contrast(9, [9, 4])]},
        {"continuation": [40, 41, 9]},
    ]
    for case in cases:
        functions = brute_columns.column_functions(lm, score, **case, asked=x)
        for method, definition in brute_columns.METHODS.items():
            if method == "shapley" and (score != "logprob" or "reduction" not in case):
                continue
            options: Any = {"method": method, "score": score, **brute_columns.OPTIONS[method]}
            found = lm.attribute(prompt, **case, **options)
            expected = np.stack([definition(f, x, start) for f in functions], axis=1)
            # Mamba sums its states in float32 in any model.
            check(found.values, expected, 3e-5 if name == "mamba" else 1e-6)


@pytest.mark.parametrize(
    ("name", "case"), asked_of_layouts("ids", "long continuation", "everything", "thirty tokens")
)
def test_forward_mode_is_reverse_mode(
    name: str, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = decoder_lm(name)
    found = {}
    used: set[str] = set()
    for pushes, mode in ((True, "_push"), (False, "_pull")):
        used.clear()
        monkeypatch.setattr(
            fast.FastObjective, "_pushes", lambda self, packing, pushes=pushes: pushes
        )
        for direction in ("_push", "_pull"):
            own = getattr(fast.FastObjective, direction)

            def spy(self: Any, *args: Any, own: Any = own, name: str = direction) -> Any:
                used.add(name)
                return own(self, *args)

            monkeypatch.setattr(fast.FastObjective, direction, spy)
        for method in ("input_x_gradient", "integrated_gradients"):
            options: Any = {"method": method, **brute_columns.OPTIONS[method], **CASES[case]}
            found[mode, method] = lm.attribute(PROMPT, **options).values
        monkeypatch.undo()
        assert used == {mode}
    for method in ("input_x_gradient", "integrated_gradients"):
        check(found["_push", method], found["_pull", method], 1e-6)


def test_the_cheaper_mode_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    lm = decoder_lm("llama")
    calls: list[str] = []
    for direction in ("_push", "_pull"):
        own = getattr(fast.FastObjective, direction)

        def spy(self: Any, *args: Any, own: Any = own, name: str = direction) -> Any:
            calls.append(name)
            return own(self, *args)

        monkeypatch.setattr(fast.FastObjective, direction, spy)
    lm.attribute(PROMPT, continuation=list(range(30)), method="input_x_gradient")
    lm.attribute(list(range(30)), [9], method="input_x_gradient")
    assert calls == ["_push", "_pull"]


@pytest.mark.parametrize("name", KNOWN)
def test_a_trace_and_a_prompt_of_one_token(name: str) -> None:
    lm = decoder_lm(name)
    trace = lm.generate([33], max_new_tokens=5)
    for method, options in brute_columns.OPTIONS.items():
        asked: Any = {"method": method, **options}
        check(lm.attribute(trace, **asked).values, generically(lm, trace, **asked).values)


@pytest.mark.parametrize("name", KNOWN)
def test_prompt_and_target_fill_the_context(name: str) -> None:
    lm = decoder_lm(name)
    assert lm.max_context == 128
    prompt = [k % 400 for k in range(3, 3 + 7 * 120, 7)]
    case: Any = {"continuation": list(range(100, 108))}
    for method in ("input_x_gradient", "gradient_norm"):
        check(
            lm.attribute(prompt, method=method, **case).values,
            generically(lm, prompt, method=method, **case).values,
            1e-4,
        )
    with pytest.raises(ValueError, match="continuation: 129 tokens in all"):
        lm.attribute(prompt, continuation=list(range(9)), method="input_x_gradient")


@pytest.mark.filterwarnings("ignore:.*what rounding in bfloat16 does")  # as it may be here
@pytest.mark.parametrize("name", KNOWN)
def test_bfloat16_is_the_same_up_to_its_rounding(name: str) -> None:
    same: Any = all_experts(name)
    narrow = LanguageModel(decoder_model(name, torch.bfloat16, **same), byte_level_tokenizer())
    model = decoder_model(name, torch.float32, **same)
    model.load_state_dict({k: v.float() for k, v in narrow.model.state_dict().items()})
    wide = LanguageModel(model, byte_level_tokenizer())
    assert agreeing_decoder(narrow, 40) is not None
    for case in ({"targets": [[5, 6], 9]}, {"continuation": [40, 41, 42, 43, 44, 45]}):
        for method, options in brute_columns.OPTIONS.items():
            asked: Any = {"method": method, **options, **case}
            expected = wide.attribute(PROMPT, **asked).values
            by_parts = narrow.attribute(PROMPT, **asked).values
            by_forward = generically(narrow, PROMPT, **asked).values
            error = np.abs(by_parts - expected).max() / np.abs(expected).max()
            own = np.abs(by_forward - expected).max() / np.abs(expected).max()
            # Rounding differs between the two, but is of one size.
            assert error < max(0.09, 2 * own) and own < 0.3, (method, error, own)


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_prompt_and_targets(data: st.DataObject) -> None:
    lm = decoder_lm(data.draw(st.sampled_from(list(KNOWN))))
    ids = st.lists(st.integers(0, 419), min_size=1, max_size=8)
    target = st.one_of(
        st.integers(0, 419),
        ids,
        st.tuples(ids, ids).filter(lambda pair: pair[0] != pair[1]).map(lambda p: Contrast(*p)),
    )
    prompt = data.draw(ids)
    case: Any = (
        {"targets": data.draw(st.lists(target, min_size=1, max_size=5))}
        if data.draw(st.booleans())
        else {"continuation": data.draw(ids)}
    )
    method = data.draw(st.sampled_from(["input_x_gradient", "gradient_norm", "occlusion"]))
    score = data.draw(st.sampled_from(SCORES))
    one = lm.attribute(prompt, method=method, score=score, **case).values
    other = generically(lm, prompt, method=method, score=score, **case).values
    # A column may be a tiny difference of large scores.
    size = max(float(np.abs(other).max()), 1e-9)
    assert np.abs(one - other).max() < 2e-5 * size


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_tokens_replaced(data: st.DataObject) -> None:
    lm = decoder_lm(data.draw(st.sampled_from(["llama", "gpt2", "mistral, window"])))
    n = data.draw(st.integers(1, 7))
    prompt = [3 * k + 11 for k in range(n)]
    positions = data.draw(st.permutations(range(n)))
    spans, rest = [], list(positions)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        spans.append(rest[:size])
        rest = rest[size:]
        if data.draw(st.booleans()):
            break
    found = lm.attribute(prompt, [[9, 10]], method="occlusion", grouping=spans, baseline=311)
    (function,) = brute_columns.column_functions(lm, "logprob", targets=[[9, 10]])
    x = lm.embedding(torch.tensor(prompt)).detach()
    start = lm.embedding(torch.tensor([311])).detach().expand_as(x)
    with torch.no_grad():
        expected = [
            float(function(x) - function(brute_columns.replaced(x, start, span))) for span in spans
        ]
    np.testing.assert_allclose(found.values[:, 0], expected, atol=2e-6)
