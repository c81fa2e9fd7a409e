"""Removal, the default method, against prompts with the token blanked out, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.model.attributing.brute_columns import column_functions, replaced
from tests.model.attributing.brute_force import Score, gradient, value_norms
from tests.model.attributing.test_perturbing import NAMES, PROMPT, TARGETS, losses, parts
from tests.model.decoders import decoder_lm
from tokenviz.model.attributing.engine import choosing
from tokenviz.model.attributing.methods.baselines import blank
from tokenviz.model.attributing.methods.method import DEFAULT
from tokenviz.model.attributing.methods.removal import removal
from tokenviz.model.attributing.question import parse_question
from tokenviz.model.running import values

Array = np.ndarray[Any, Any]


def functions_of(lm: Any, x: torch.Tensor) -> list[Score]:
    """F of each column: what is asked is log-odds, in a contrast log-probabilities."""
    return column_functions(lm, "log_odds", targets=TARGETS, asked=x)


def norms(lm: Any, x: torch.Tensor) -> Array:
    """How much is read of each token for each column, the first token's left out, ``[n, m]``."""
    result = np.array([value_norms(lm, f, x).numpy() for f in functions_of(lm, x)]).T
    result[0] *= len(x) == 1
    return result


def mixed(lost: Array, sensitivity: Array, last: int = -1) -> Array:
    """Column by column, as the method is defined."""
    columns = []
    for r, g in zip(lost.T, sensitivity.T, strict=True):
        known = ~np.isnan(r)
        slope = max(0, float(r[known] @ g[known])) / float(g[known] @ g[known])
        r = capped(np.where(known, r, slope * g), last)
        columns.append(capped(r / 3 + 2 / 3 * g * np.sqrt(r @ r) / np.sqrt(g @ g), last))
    return np.array(columns).T


def capped(values: Array, last: int) -> Array:
    """The last token's value is at most the largest of the others."""
    if len(values) == 1:
        return values
    result = values.copy()
    result[last] = min(values[last], np.delete(values, last).max())
    return result


def test_it_is_the_default() -> None:
    assert DEFAULT == "removal"
    assert decoder_lm("llama").attribute(PROMPT, [9]).method == "removal"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_lost_and_how_much_is_read(name: str) -> None:
    lm = decoder_lm(name)
    x, space = parts(lm, PROMPT, blank(lm))
    functions = functions_of(lm, x)

    def without(*tokens: int) -> torch.Tensor:
        return replaced(x, space, tokens)

    read = norms(lm, x)
    found = lm.attribute(PROMPT, TARGETS, method="removal", passes=None)
    assert found.score == "log_odds"
    lost = losses(functions, x, [without(i) for i in range(5)])
    np.testing.assert_allclose(found.values, mixed(lost, read), atol=1e-5)
    spans = [[0, 3], [1], [2, 4]]
    grouped = lm.attribute(PROMPT, TARGETS, passes=None, grouping=spans)
    lost = losses(functions, x, [without(*span) for span in spans])
    summed = np.array([read[span].sum(0) for span in spans])
    np.testing.assert_allclose(grouped.values, mixed(lost, summed), atol=1e-5)


def test_a_space_is_blank() -> None:
    lm = decoder_lm("llama")
    assert lm.tokenizer.decode([blank(lm)]) == " "


def test_within_few_passes_only_what_is_read_most_is_blanked_out() -> None:
    lm = decoder_lm("llama")
    x, space = parts(lm, PROMPT, blank(lm))
    read = norms(lm, x)
    most = int(read.max(1).argmax())
    lost = np.full_like(read, np.nan)
    lost[most] = losses(functions_of(lm, x), x, [replaced(x, space, [most])])[0]
    found = lm.attribute(PROMPT, TARGETS, passes=1)
    np.testing.assert_allclose(found.values, mixed(lost, read), atol=1e-5)
    every = lm.attribute(PROMPT, TARGETS, passes=None)
    assert found.positions is not None and every.positions is not None
    assert found.positions < every.positions


def test_where_values_are_not_seen_gradients_of_embeddings_stand_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lm = decoder_lm("opt")
    x, space = parts(lm, PROMPT, blank(lm))
    functions = functions_of(lm, x)
    read = np.array([gradient(f, x).norm(dim=-1).numpy() for f in functions]).T
    read[0] = 0
    lost = losses(functions, x, [replaced(x, space, [i]) for i in range(5)])
    monkeypatch.setattr(values, "is_compiled", lambda model: True)
    found = lm.attribute(PROMPT, TARGETS, passes=None)
    np.testing.assert_allclose(found.values, mixed(lost, read), atol=1e-5)


def test_what_is_unknown_is_put_at_the_nearest_multiple_of_the_sensitivity() -> None:
    generator = torch.Generator().manual_seed(2)
    sensitivity = torch.rand(7, 3, generator=generator, dtype=torch.float64)
    lost = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    lost[[2, 5]] = torch.nan
    last = torch.arange(7) == 4
    expected = mixed(lost.numpy(), sensitivity.numpy(), 4)
    np.testing.assert_allclose(removal(lost, sensitivity, last).numpy(), expected)


def test_without_gradients_it_is_what_is_lost() -> None:
    lost = torch.tensor([[2.0], [-1.0], [5.0]], dtype=torch.float64)
    last = torch.tensor([False, False, True])
    found = removal(lost, torch.zeros_like(lost), last)
    assert found.tolist() == [[2], [-1], [2]]


def test_the_token_that_begins_every_text_stays() -> None:
    lm = decoder_lm("llama")
    begins = lm.tokenizer.bos_token_id
    assert begins is not None
    found = lm.attribute([int(begins), *PROMPT], TARGETS)
    assert (found.values[0] == 0).all() and (found.values[1:] != 0).all()
    # Elsewhere it is a token as any other.
    assert (lm.attribute([*PROMPT, int(begins), 7], TARGETS).values != 0).all()


def test_of_the_whole_prompt_something_is_said() -> None:
    lm = decoder_lm("llama")
    for prompt in ([60], PROMPT):
        x, space = parts(lm, prompt, blank(lm))
        lost = losses(functions_of(lm, x), x, [space])
        found = lm.attribute(prompt, TARGETS, grouping=[range(len(prompt))])
        np.testing.assert_allclose(found.values, mixed(lost, np.ones_like(lost)), atol=1e-5)


@pytest.mark.parametrize("name", ["llama", "opt"])
@pytest.mark.parametrize("grouping", [None, [[0, 3], [1], [2, 4]], [range(5)]])
def test_positions_are_those_foretold(name: str, grouping: Any) -> None:
    lm = decoder_lm(name)
    found = lm.attribute(PROMPT, TARGETS, grouping=grouping)
    assert lm.estimate(PROMPT, TARGETS, grouping=grouping).positions == (found.positions,) * 2


@pytest.mark.parametrize("name", ["llama", "opt"])
def test_tokens_of_a_long_continuation_share_one_pass_over_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = decoder_lm(name)
    whole = lm.attribute(PROMPT, continuation=[40, 41, 9, 42])
    monkeypatch.setattr(choosing, "_ROWS", {"cpu": 9})  # a column at a time
    found = lm.attribute(PROMPT, continuation=[40, 41, 9, 42])
    np.testing.assert_allclose(found.values, whole.values, atol=1e-5)
    assert found.positions == whole.positions


def test_a_baseline_means_nothing_to_it() -> None:
    with pytest.raises(ValueError, match="baseline: removal compares with none"):
        parse_question(decoder_lm("llama"), PROMPT, [9], baseline="zero")
    with pytest.raises(ValueError, match="passes: expected an int of at least 1, got 0"):
        parse_question(decoder_lm("llama"), PROMPT, [9], passes=0)
