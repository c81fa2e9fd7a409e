"""Batches of freshly written documents.

Every step has its own seed, so training can stop and go on without changing what it sees. The
documents of a step are sorted by length and cut into passes of similar length, which leaves little
padding; padding comes after the text and a causal model never sees it from there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from training.families import FAMILIES, short
from training.grammar import Document
from training.recipe import Recipe


@dataclass(frozen=True)
class Pass:
    """Token ids of some documents, and the weight of each token's own prediction."""

    tokens: Tensor
    weights: Tensor


def write_documents(recipe: Recipe, step: int) -> list[Document]:
    """Write the documents of one step."""
    rng = random.Random(f"{recipe.seed}:{step}")
    names = [name for name, _ in recipe.mix]
    shares = [share for _, share in recipe.mix]
    drawn = rng.choices(names, shares, k=recipe.documents_per_step)
    return [
        short.document(rng) if name == "short" else FAMILIES[name].document(rng) for name in drawn
    ]


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
    weights = []
    for start, _ in offsets:
        if any(low <= start < high for low, high in document.free):
            weights.append(recipe.free_weight)
        elif document.text[start].isdigit():
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
