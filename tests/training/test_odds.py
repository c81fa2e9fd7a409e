"""The odds computed for each next token are those at which texts are really drawn."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from transformers import PreTrainedTokenizerFast

from training.calibration import known_text, next_token_odds
from training.families import FAMILIES, Family
from training.grammar import Chooser, worked_document
from training.problems import Problem

PRODUCTS = FAMILIES["products"]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_odds_sum_to_one_and_allow_the_drawn_token(
    family: Family, tokenizer: PreTrainedTokenizerFast
) -> None:
    rng = random.Random(7)
    for _ in range(25):
        text = known_text(tokenizer, family, family.draw(rng), rng)
        assert text.odds
        for position, odds in text.odds.items():
            assert sum(odds.values()) == pytest.approx(1.0)
            assert text.tokens[position] in odds
            assert len(odds) > 1


@pytest.mark.parametrize("problem", [Problem("product", 43, 34), Problem("product", 57, 33)])
def test_odds_match_the_frequency_of_drawn_texts(
    problem: Problem, tokenizer: PreTrainedTokenizerFast
) -> None:
    rng = random.Random(8)
    drawn = [PRODUCTS.work(Chooser(rng), problem) for _ in range(6000)]
    encoded = [tokenizer(text).input_ids for text in drawn]
    compared = 0
    for _ in range(6):
        tokens, known = next_token_odds(
            tokenizer, lambda chooser: PRODUCTS.work(chooser, problem), Chooser(rng)
        )
        for position, odds in known.items():
            alike = [ids for ids in encoded if ids[:position] == tokens[:position]]
            if len(alike) < 300:
                continue
            seen = Counter(ids[position] for ids in alike)
            assert set(seen) <= set(odds)
            for token, expected in odds.items():
                spread = (expected * (1 - expected) / len(alike)) ** 0.5
                assert abs(seen[token] / len(alike) - expected) < 5 * spread
                compared += 1
    assert compared > 30


def test_the_likeliest_tokens_give_the_reference_text(tokenizer: PreTrainedTokenizerFast) -> None:
    problem = Problem("product", 43, 34)
    tokens, known = next_token_odds(
        tokenizer, lambda chooser: PRODUCTS.work(chooser, problem), Chooser()
    )
    assert tokenizer.decode(tokens) == (
        "To solve 43 multiplied by 34, I'll start by breaking down the numbers into their place "
        "values.\n\nFirst, I'll multiply 43 by 4, which gives me 172.\n\nNext, I'll multiply 43 "
        "by 30, resulting in 1,290.\n\nFinally, I'll add these two products together: 172 plus "
        "1,290 equals 1,462.\n"
    )
    for position, odds in known.items():
        first, second = sorted(odds.values(), reverse=True)[:2]
        assert odds[tokens[position]] == first
        assert first - second > 0.05


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_worked_answers_fit_in_160_tokens(
    family: Family, tokenizer: PreTrainedTokenizerFast
) -> None:
    rng = random.Random(9)
    for _ in range(400):
        problem = family.draw(rng)
        text = worked_document("", family.work(Chooser(rng), problem), family.answer(problem)).text
        assert len(tokenizer(text).input_ids) <= 160, text
