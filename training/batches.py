"""Batches of freshly written documents.

Every step has its own seed, so training can stop and go on without changing what it sees. The
documents of a step are sorted by length and cut into passes of similar length, which leaves little
padding; padding comes after the text and a causal model never sees it from there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from training.families import FAMILIES, short
from training.families.differences import CLOSE_DIFFERENCES
from training.grammar import Document
from training.recipe import Recipe

WRITERS: dict[str, Callable[[random.Random], Document]] = {
    **{name: family.document for name, family in FAMILIES.items()},
    CLOSE_DIFFERENCES.name: CLOSE_DIFFERENCES.document,
    "short": short.document,
    "additions": short.additions,
}

# After these a number begins or goes on.
NUMBER_LEADS = frozenset("0123456789 ,.$-")


@dataclass(frozen=True)
class Pass:
    """Token ids of some documents, and the weight of each token's own prediction."""

    tokens: Tensor
    weights: Tensor


def write_documents(recipe: Recipe, step: int) -> list[Document]:
    """Write the documents of one step."""
    rng = random.Random(f"{recipe.seed}:{step}")
    mix = dict(recipe.stage_at(step)[0].mix)
    drawn = rng.choices(list(mix), list(mix.values()), k=recipe.documents_per_step)
    return [WRITERS[name](rng) for name in drawn]


def passes(recipe: Recipe, tokenizer: PreTrainedTokenizerFast, step: int) -> Iterator[Pass]:
    """Yield the forward passes of one step."""
    documents = write_documents(recipe, step)
    encoded = tokenizer([d.text for d in documents], return_offsets_mapping=True)
    rows = [
        (ids, _weights(recipe, document, offsets))
        for document, ids, offsets in zip(
            documents, encoded["input_ids"], encoded["offset_mapping"], strict=True
        )
    ]
    rows.sort(key=lambda row: len(row[0]), reverse=True)
    while rows:
        count = max(1, recipe.tokens_per_pass // len(rows[0][0]))
        yield _padded(rows[:count])
        rows = rows[count:]


def _weights(recipe: Recipe, document: Document, offsets: list[tuple[int, int]]) -> list[float]:
    """Weigh every token by what precedes it.

    A weight that looked at the token itself would tilt the odds that the model learns wherever a
    digit and something else may both follow.
    """
    weights = [recipe.free_weight]
    for start, _ in offsets[1:]:
        if any(low <= start < high for low, high in document.free):
            weights.append(recipe.free_weight)
        elif document.text[start - 1] in NUMBER_LEADS:
            weights.append(recipe.digit_weight)
        else:
            weights.append(1.0)
    return weights


def _padded(rows: list[tuple[list[int], list[float]]]) -> Pass:
    width = len(rows[0][0])
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    weights = torch.zeros(len(rows), width)
    for index, (ids, row_weights) in enumerate(rows):
        tokens[index, : len(ids)] = torch.tensor(ids)
        weights[index, : len(ids)] = torch.tensor(row_weights)
    return Pass(tokens, weights)
