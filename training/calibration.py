"""Compares the model's next-token probabilities with the odds at which the texts are drawn.

The true odds at a choice come from replaying the text with each option forced in turn: options
that share the tokens so far share their odds, until the tokens tell them apart.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from training.families import Family
from training.grammar import Chooser, worked_document
from training.problems import Problem

BIN_EDGES = (0.0, 0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

Writer = Callable[[Chooser], str]


@dataclass(frozen=True)
class KnownText:
    """A drawn text whose true next-token odds are known.

    Attributes
    ----------
    tokens
        The whole text.
    prompt_length
        How many tokens the question has.
    odds
        For every position where the wording may vary, the odds of each token that may stand there.
    """

    tokens: list[int]
    prompt_length: int
    odds: dict[int, dict[int, float]]


@dataclass(frozen=True)
class Point:
    """One possible token at one choice: what the model says, what is true, what was drawn."""

    predicted: float
    true: float
    drawn: bool


@dataclass(frozen=True)
class Bin:
    """The points whose predicted probability lies in one interval."""

    low: float
    high: float
    count: int
    predicted: float
    true: float
    drawn: float


@dataclass(frozen=True)
class Calibration:
    """The comparison over many texts.

    Attributes
    ----------
    expected_error
        Mean over all points of the distance between the mean predicted probability and the mean
        true odds of their bin.
    mean_error
        Mean distance between the predicted probability and the true odds of one point.
    outside
        Mean probability, at a choice, of tokens that cannot stand there.
    settled
        Mean probability of the right token where nothing is left to choice.
    """

    choices: int
    bins: tuple[Bin, ...]
    expected_error: float
    mean_error: float
    outside: float
    settled: float


def known_text(
    tokenizer: PreTrainedTokenizerFast, family: Family, problem: Problem, rng: random.Random
) -> KnownText:
    """Draw a text for ``problem`` and work out its true next-token odds."""
    question = family.question(Chooser(rng), problem)
    answer = family.answer(problem)

    def write(chooser: Chooser) -> str:
        return worked_document(question, family.work(chooser, problem), answer).text

    tokens, odds = next_token_odds(tokenizer, write, Chooser(rng))
    return KnownText(tokens, len(tokenizer(question).input_ids), odds)


def next_token_odds(
    tokenizer: PreTrainedTokenizerFast, write: Writer, chooser: Chooser
) -> tuple[list[int], dict[int, dict[int, float]]]:
    """Return the tokens that ``chooser`` writes, and the odds wherever they might have differed.

    Raises
    ------
    ValueError
        If two choices meet at one token; the odds would then not be those of one choice.
    """
    tokens: list[int] = tokenizer(write(chooser)).input_ids
    taken = [choice.taken for choice in chooser.choices]
    known: dict[int, dict[int, float]] = {}
    for index, choice in enumerate(chooser.choices):
        scripts = [[*taken[:index], option] for option in range(len(choice.odds))]
        scripts[choice.taken] = taken
        variants = [tokenizer(write(Chooser(script=script))).input_ids for script in scripts]
        for position, odds in _where_they_part(tokens, variants, choice.odds):
            if position in known:
                raise ValueError(f"two choices meet at token {position}")
            known[position] = odds
    return tokens, known


def _where_they_part(
    tokens: list[int], variants: Sequence[list[int]], weights: Sequence[float]
) -> Iterable[tuple[int, dict[int, float]]]:
    """Yield the positions where some variant still possible leaves the text, with the odds."""
    alive = list(zip(variants, weights, strict=True))
    position = 0
    while len(alive) > 1:
        odds: dict[int, float] = {}
        for variant, weight in alive:
            odds[variant[position]] = odds.get(variant[position], 0.0) + weight
        if len(odds) > 1:
            total = sum(odds.values())
            yield position, {token: weight / total for token, weight in odds.items()}
        alive = [pair for pair in alive if pair[0][position] == tokens[position]]
        position += 1


def measure(model: LlamaForCausalLM, texts: Sequence[KnownText]) -> Calibration:
    """Compare the model with the true odds at every choice of ``texts``."""
    points: list[Point] = []
    outside: list[float] = []
    settled: list[float] = []
    for text in texts:
        with torch.no_grad():
            ids = torch.tensor([text.tokens], device=model.device)
            probabilities = model(input_ids=ids).logits[0].softmax(-1).cpu()
        for position in range(text.prompt_length, len(text.tokens)):
            predicted, token = probabilities[position - 1], text.tokens[position]
            if position not in text.odds:
                settled.append(float(predicted[token]))
                continue
            odds = text.odds[position]
            points += [Point(float(predicted[t]), q, t == token) for t, q in odds.items()]
            outside.append(1.0 - sum(float(predicted[t]) for t in odds))
    bins = tuple(_bins(points))
    return Calibration(
        choices=len(outside),
        bins=bins,
        expected_error=sum(b.count * abs(b.predicted - b.true) for b in bins) / len(points),
        mean_error=_mean(abs(p.predicted - p.true) for p in points),
        outside=_mean(outside),
        settled=_mean(settled),
    )


def _bins(points: Sequence[Point]) -> Iterable[Bin]:
    for low, high in pairwise(BIN_EDGES):
        inside = [
            p for p in points if low <= p.predicted < high or (high == 1.0 and p.predicted >= 1.0)
        ]
        if inside:
            yield Bin(
                low,
                high,
                len(inside),
                _mean(p.predicted for p in inside),
                _mean(p.true for p in inside),
                _mean(float(p.drawn) for p in inside),
            )


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed)


def likeliest_tokens(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, prompt: str, count: int
) -> list[list[tuple[str, float]]]:
    """Follow the greedy path and return up to three likeliest tokens at each position."""
    ids = tokenizer(prompt, return_tensors="pt").input_ids.to(model.device)
    rows = []
    for _ in range(count):
        with torch.no_grad():
            probabilities = model(input_ids=ids).logits[0, -1].softmax(-1)
        top = probabilities.topk(3)
        rows.append(
            [
                (str(tokenizer.decode([token])), probability)
                for token, probability in zip(
                    top.indices.tolist(), top.values.tolist(), strict=True
                )
                if probability >= 0.005
            ]
        )
        ids = torch.cat([ids, top.indices[:1, None]], dim=1)
    return rows
