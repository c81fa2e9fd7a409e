"""Occlusion and Shapley values, with groups, roles, windows and deletion, written out."""

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.attributing.brute_columns import column_functions, replaced, shapley_of_spans
from tests.model.chats import CHATML
from tests.model.decoders import decoder_lm, decoder_model
from tests.model.running.test_calling import Prompted
from tests.model.small import byte_level_tokenizer
from tests.model.text.test_chat import chat_lm
from tokenviz.model.attributing.asking.features import Features
from tokenviz.model.attributing.asking.targets import Contrast
from tokenviz.model.attributing.methods.shapley import drawn_masks
from tokenviz.model.language_model import LanguageModel

PROMPT = [60, 7, 130, 200, 201]
TARGETS: list[Any] = [[5, 6, 7], 9, Contrast([5, 6], 9)]
NAMES = ["llama", "mistral, window", "gpt2", "gpt_neox", "gemma2", "opt"]


def parts(lm: Any, prompt: list[int], baseline: Any = 311) -> tuple[torch.Tensor, torch.Tensor]:
    """The prompt's embeddings and the baseline's, both ``[n, d]``."""
    x = lm.embedding(torch.tensor(prompt)).detach()
    if baseline == "zero":
        return x, torch.zeros_like(x)
    if baseline == "mean":
        every = lm.embedding(torch.arange(lm.vocabulary_size)).detach()
        return x, every.mean(0).expand_as(x)
    return x, lm.embedding(torch.tensor([baseline])).detach().expand_as(x)


@torch.no_grad()
def losses(functions: Any, x: torch.Tensor, others: list[torch.Tensor]) -> Any:
    """F(x) − F(other), ``[others, columns]``."""
    return np.array([[float(f(x) - f(other)) for f in functions] for other in others])


@pytest.mark.parametrize("baseline", ["zero", "mean", 7, 311])
@pytest.mark.parametrize("name", NAMES)
def test_occlusion_from_each_baseline(name: str, baseline: Any) -> None:
    lm = decoder_lm(name)
    x, start = parts(lm, PROMPT, baseline)
    found = lm.attribute(PROMPT, TARGETS, method="occlusion", baseline=baseline)
    others = [replaced(x, start, [i]) for i in range(5)]
    expected = losses(column_functions(lm, "logprob", targets=TARGETS), x, others)
    np.testing.assert_allclose(found.values, expected, atol=5e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_deleted_token_shortens_the_prompt(name: str) -> None:
    lm = decoder_lm(name)
    x, _ = parts(lm, PROMPT)
    functions = column_functions(lm, "logprob", targets=TARGETS)

    def without(*tokens: int) -> torch.Tensor:
        return x[[i for i in range(5) if i not in tokens]]

    found = lm.attribute(PROMPT, TARGETS, method="occlusion", baseline="delete")
    assert found.baseline == "delete"
    expected = losses(functions, x, [without(i) for i in range(5)])
    np.testing.assert_allclose(found.values, expected, atol=5e-6)
    grouped = lm.attribute(
        PROMPT, TARGETS, method="occlusion", baseline="delete", grouping=[[0, 3], [1], [2, 4]]
    )
    expected = losses(functions, x, [without(0, 3), without(1), without(2, 4)])
    np.testing.assert_allclose(grouped.values, expected, atol=5e-6)


@pytest.mark.parametrize(
    ("window", "baseline"),
    [(1, 311), (2, 311), (3, 311), (5, 311), (1, "delete"), (2, "delete"), (4, "delete")],
)
def test_a_window_gives_the_mean_of_those_that_cover_a_token(window: int, baseline: Any) -> None:
    lm = decoder_lm("llama")
    x, start = parts(lm, PROMPT)
    functions = column_functions(lm, "logprob", targets=TARGETS)
    windows = [list(range(first, first + window)) for first in range(5 - window + 1)]
    others = [
        replaced(x, start, own) if baseline == 311 else x[[i for i in range(5) if i not in own]]
        for own in windows
    ]
    each = losses(functions, x, others)
    expected = [
        np.mean([loss for own, loss in zip(windows, each, strict=True) if i in own], axis=0)
        for i in range(5)
    ]
    found = lm.attribute(PROMPT, TARGETS, method="occlusion", baseline=baseline, window=window)
    np.testing.assert_allclose(found.values, expected, atol=5e-6)


def test_groups_are_replaced_together() -> None:
    lm = decoder_lm("gpt2")
    prompt = "The cat sat on the mat. And then?"
    ids = lm.encode(prompt).tolist()
    x, start = parts(lm, ids)
    functions = column_functions(lm, "logprob", targets=TARGETS)
    for grouping in ("word", "sentence"):
        found = lm.attribute(prompt, TARGETS, method="occlusion", baseline=311, grouping=grouping)
        assert found.spans is not None and len(found.spans) < len(ids)
        expected = losses(functions, x, [replaced(x, start, list(s)) for s in found.spans])
        np.testing.assert_allclose(found.values, expected, atol=5e-6)
        assert "".join(t.text for t in found.tokens) == prompt
        # Methods that share a score out add the shares up.
        for method in ("input_x_gradient", "gradient_norm", "integrated_gradients"):
            options: Any = {"method": method, "targets": TARGETS}
            if method == "integrated_gradients":
                options |= {"n_steps": 4, "tolerance": None, "baseline": 311}
            by_token = lm.attribute(prompt, **options).values
            by_group = lm.attribute(prompt, **options, grouping=grouping)
            assert by_group.aggregation == "sum"
            for row, span in enumerate(found.spans):
                np.testing.assert_allclose(
                    by_group.values[row], by_token[list(span)].sum(0), rtol=1e-4, atol=1e-5
                )


def test_tokens_in_no_group_stay_what_they_are() -> None:
    lm = decoder_lm("llama")
    x, start = parts(lm, PROMPT)
    functions = column_functions(lm, "logprob", targets=TARGETS)
    spans = [[1, 3], [4]]
    options: Any = {"grouping": spans, "baseline": 311}
    occluded = lm.attribute(PROMPT, TARGETS, method="occlusion", **options)
    expected = losses(functions, x, [replaced(x, start, span) for span in spans])
    np.testing.assert_allclose(occluded.values, expected, atol=5e-6)
    change = losses(functions, x, [replaced(x, start, [1, 3, 4])])[0]
    for method in ("shapley", "integrated_gradients"):
        found = lm.attribute(PROMPT, TARGETS, method=method, **options)
        np.testing.assert_allclose(found.values.sum(0), change, rtol=0.011, atol=0.0011)


@pytest.mark.parametrize("name", NAMES)
def test_exact_shapley_values_are_means_over_all_orders(name: str) -> None:
    lm = decoder_lm(name)
    x, start = parts(lm, PROMPT)
    functions = column_functions(lm, "logprob", targets=TARGETS)
    for spans in ([[0], [1], [2], [3], [4]], [[0, 4], [1], [3]], [[2]]):
        found = lm.attribute(PROMPT, TARGETS, method="shapley", baseline=311, grouping=spans)
        expected = np.stack([shapley_of_spans(f, x, start, spans) for f in functions], 1)
        np.testing.assert_allclose(found.values, expected, atol=5e-6)
        assert found.standard_error is None and found.n_steps is None
        change = losses(functions, x, [replaced(x, start, [i for s in spans for i in s])])[0]
        np.testing.assert_allclose(found.values.sum(0), change, atol=5e-6)


def test_sampled_shapley_values() -> None:
    lm = decoder_lm("llama")
    x, start = parts(lm, PROMPT)
    functions = column_functions(lm, "logprob", targets=TARGETS)
    exact = lm.attribute(PROMPT, TARGETS, method="shapley", baseline=311).values
    change = losses(functions, x, [start])[0]
    few = lm.attribute(PROMPT, TARGETS, method="shapley", baseline=311, n_samples=2)
    assert few.standard_error is None and few.n_steps == 2
    np.testing.assert_allclose(few.values.sum(0), change, atol=5e-6)
    options: Any = {"method": "shapley", "baseline": 311, "n_samples": 200, "seed": 3}
    many = lm.attribute(PROMPT, TARGETS, **options)
    np.testing.assert_allclose(many.values.sum(0), change, atol=5e-6)
    error = many.standard_error
    assert error is not None and (error > 0).all()
    # 15 values: three standard errors and a half hold for all of them nearly always.
    assert (np.abs(many.values - exact) < 3.5 * error).all()
    assert np.abs(many.values - exact).max() > 0.1 * error.max()  # and errors are not too large
    assert many == lm.attribute(PROMPT, TARGETS, **options)
    other = lm.attribute(PROMPT, TARGETS, **{**options, "seed": 4})
    assert not np.array_equal(many.values, other.values)
    fewer = lm.attribute(PROMPT, TARGETS, **{**options, "n_samples": 50})
    assert fewer.standard_error is not None
    ratio = fewer.standard_error.mean() / error.mean()
    assert 1.4 < ratio < 2.8  # half the error for four times the orders


def test_orders_come_with_their_reverse() -> None:
    features = Features([[0, 2], [1], [4]], [], None, None, 5)
    for orders, masks in drawn_masks(features, 12, seed=1):
        one, other = orders
        assert one.tolist() == other.tolist()[::-1] and sorted(one.tolist()) == [0, 1, 2]
        assert masks.shape == (4, 5) and not masks[:, 3].any()
        for order, rows in zip(orders, torch.split(masks, 2), strict=True):
            for k, mask in enumerate(rows, start=1):
                absent = sorted(i for row in order[k:] for i in features.spans[row])
                assert mask.nonzero()[:, 0].tolist() == absent
    drawn = [tuple(o[0].tolist()) for o, _ in drawn_masks(features, 400, seed=1)]
    assert set(drawn) == set(itertools.permutations(range(3)))


def test_more_than_ten_features_are_sampled() -> None:
    lm = decoder_lm("gpt2")
    assert lm.attribute(list(range(11)), [9], method="shapley").n_steps == 24
    one = lm.attribute([5], [9], method="shapley", n_samples=4, baseline=311)
    x, start = parts(lm, [5])
    (function,) = column_functions(lm, "logprob", targets=[9])
    np.testing.assert_allclose(one.values, losses([function], x, [start]), atol=5e-6)


MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "The cat sat on"},
]


def test_roles_choose_rows_and_leave_the_rest_alone() -> None:
    lm = chat_lm("byte level", CHATML.template)
    every = lm.attribute(MESSAGES, [9], method="occlusion", baseline=311)
    assert every.roles is not None
    ids = lm.encode(MESSAGES).tolist()
    users = [i for i, role in enumerate(every.roles) if role == "user"]
    user = lm.attribute(MESSAGES, [9], method="occlusion", baseline=311, roles="user")
    assert user.spans == tuple((i,) for i in users) and set(user.roles or ()) == {"user"}
    assert b"".join(t.bytes for t in user.tokens) == b"The cat sat on"
    np.testing.assert_allclose(user.values, every.values[users], atol=2e-6)
    assert user.prompt_ids == tuple(ids)

    x, start = parts(lm, ids)
    (function,) = column_functions(lm, "logprob", targets=[9])
    (change,) = losses([function], x, [replaced(x, start, users)])
    for method in ("integrated_gradients", "shapley"):
        found = lm.attribute(MESSAGES, [9], method=method, baseline=311, roles=["user"])
        assert found.values.sum() == pytest.approx(
            change[0], abs=max(0.002, 0.011 * abs(change[0]))
        )
    both = lm.attribute(
        MESSAGES, [9], method="occlusion", baseline=311, roles=("system", "user"), grouping="turn"
    )
    systems = [i for i, role in enumerate(every.roles) if role == "system"]
    assert both.spans == (tuple(systems), tuple(users)) and both.roles == ("system", "user")
    assert [t.bytes for t in both.tokens] == [b"Be brief.", b"The cat sat on"]
    expected = losses([function], x, [replaced(x, start, own) for own in (systems, users)])
    np.testing.assert_allclose(both.values, expected, atol=1e-5)


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"roles": "user"}, ValueError, "roles: only a prompt of chat messages has roles"),
    ({"grouping": "turn"}, ValueError, "grouping: 'turn' needs a prompt of chat messages"),
    ({"grouping": "paragraph"}, ValueError, "grouping: expected 'word'"),
    ({"grouping": [[0, 0]]}, ValueError, r"grouping\[0\]: position 0 already belongs"),
    ({"grouping": [[9]]}, ValueError, r"grouping\[0\]: position 9 is outside"),
    ({"window": 6}, ValueError, "window: expected at most the 5 features, got 6"),
    ({"window": 0}, ValueError, "window: expected an int of at least 1"),
    ({"window": 5, "baseline": "delete", "method": "shapley"}, ValueError, "window: shapley"),
    ({"grouping": [range(5)], "baseline": "delete"}, ValueError, "baseline: 'delete' would leave"),
    ({"method": "shapley", "baseline": "delete"}, ValueError, "baseline: shapley cannot delete"),
    ({"method": "shapley", "n_samples": 3}, ValueError, "n_samples: expected an even number"),
    ({"method": "shapley", "n_samples": 1}, ValueError, "n_samples: expected an int of at least 2"),
    ({"method": "shapley", "seed": -1}, ValueError, "seed: expected an int of at least 0"),
    ({"seed": 1}, ValueError, "seed: occlusion does not sample"),
    ({"n_samples": 2}, ValueError, "n_samples: occlusion does not sample"),
    ({"reduction": "max"}, ValueError, "reduction: expected one of sum, mean"),
    ({"memory_budget": 0}, ValueError, "memory_budget: expected more than 0 bytes"),
    ({"memory_budget": "much"}, ValueError, "memory_budget: expected bytes, or text"),
    ({"memory_budget": "1.5.2 GB"}, ValueError, "memory_budget: expected bytes, or text"),
    ({"memory_budget": []}, TypeError, "memory_budget: expected bytes or text"),
    ({"targets": [Contrast(9, 9)]}, ValueError, "target and foil are the same tokens"),
    ({"targets": [lambda logits: 1.0]}, TypeError, "targets: a function gets next-token logits"),
    ({"targets": [lambda logits: logits]}, TypeError, r"a tensor of shape \[\d+, 420\]"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_bad_arguments(options: dict[str, Any], error: type[Exception], message: str) -> None:
    asked: Any = {"method": "occlusion", "targets": [9], **options}
    with pytest.raises(error, match=message):
        decoder_lm("llama").attribute(PROMPT, **asked)


def test_more_bad_arguments() -> None:
    lm = decoder_lm("llama")
    with pytest.raises(ValueError, match="nothing of a prompt of one token"):
        lm.attribute([5], [9], method="occlusion", baseline="delete")
    with pytest.raises(ValueError, match=r"'delete' would leave .* or window"):
        lm.attribute(PROMPT, [9], method="occlusion", baseline="delete", window=5)
    chat = chat_lm("byte level", CHATML.template)
    with pytest.raises(ValueError, match="roles: no token of the prompt has 'judge'"):
        chat.attribute(MESSAGES, [9], roles="judge")


@pytest.mark.parametrize("name", ["llama", "mistral, window", "gpt2", "gpt_neox", "opt", "bloom"])
def test_attention_rollout_is_a_product_of_layers(name: str) -> None:
    model = decoder_model(name)
    lm = LanguageModel(model, byte_level_tokenizer())
    before = model.config._attn_implementation
    hooks = [len(module._forward_hooks) for module in model.modules()]
    found = lm.attribute(PROMPT, [[5, 6, 7], 9], method="attention_rollout")
    assert model.config._attn_implementation == before
    assert [len(module._forward_hooks) for module in model.modules()] == hooks
    again = lm.attribute(PROMPT, [[5, 6, 7], 9], method="attention_rollout")
    np.testing.assert_array_equal(again.values, found.values)
    model.set_attn_implementation("eager")
    with torch.no_grad():
        layers = model(input_ids=torch.tensor([[*PROMPT, 5, 6]]), output_attentions=True).attentions
    flow = np.eye(7)
    for layer in layers:
        heads = layer[0].numpy()
        mixed = np.zeros((7, 7))
        for i in range(7):
            for j in range(7):
                mixed[i, j] = 0.5 * np.mean(heads[:, i, j]) + 0.5 * (i == j)
        flow = mixed @ flow
    np.testing.assert_allclose(found.values[:, 0], flow[4:7, :5].mean(0), atol=1e-6)
    np.testing.assert_allclose(found.values[:, 1], flow[4, :5], atol=1e-6)
    assert found.values[:, 1].sum() == pytest.approx(1, abs=1e-6)


def test_rows_before_the_text_take_part_in_the_rollout() -> None:
    model = Prompted()
    model.inner.set_attn_implementation("eager")
    lm = LanguageModel(model, byte_level_tokenizer())
    found = lm.attribute(PROMPT, [9], method="attention_rollout").values[:, 0]
    assert found.shape == (5,) and 0 < found.sum() < 1  # the rest is theirs


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([None, torch.ones(1, 2, 5, 5)], "only 1 of the 2 layers of Odd give"),
        ([torch.ones(1, 2, 5, 5)] * 3, "Odd gives attention weights 3 times for 2 layers"),
        ([torch.ones(1, 2, 5, 3)] * 2, r"shape \[1, 2, 5, 3\] for 5 tokens"),
        ([torch.ones(1, 2, 5, 5), torch.ones(1, 5, 5)], r"and \[1, 5, 5\]"),
    ],
)
def test_a_rollout_of_some_layers_is_none(given: Any, message: str) -> None:
    class Odd(Prompted):
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            for name in ("output_attentions", "use_cache"):
                kwargs.pop(name, None)
            out = super().forward(*args, **kwargs)
            return SimpleNamespace(logits=out.logits, attentions=given)

    lm = LanguageModel(Odd(), byte_level_tokenizer())
    with pytest.raises(ValueError, match=message):
        lm.attribute(PROMPT, [9], method="attention_rollout")


def test_a_model_without_attention_has_no_rollout() -> None:
    with pytest.raises(ValueError, match="attention_rollout needs attention weights"):
        decoder_lm("mamba").attribute(PROMPT, [9], method="attention_rollout")
