"""2,000 short texts: a set of them, a plain loop of transformers, and lm-evaluation-harness.

``python -m benchmarks.sets.scoring --model FOLDER`` prints what each took, in seconds of its
processor's time, interleaved: each contender does the same slice of texts before the next slice
begins, so that a busy machine is as busy for all. The matrix products alone, in the number format
that is quickest, are the least that any can take. Log-probabilities are compared with the same
model in float32 and in the format that it was loaded in.
"""

from __future__ import annotations

import argparse
import importlib
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tokenviz as tv
from tokenviz.model.decoder import read_decoder
from tokenviz.model.language_model import LanguageModel

__all__ = ["measured", "texts_of"]

SLICES = 4
BATCH = 16  # of the plain loop and the harness, in the order of their lengths


def texts_of(count: int, seed: int = 0) -> list[str]:
    """Sentences from this repository's documents, of 5 to 60 words."""
    folder = Path(__file__).parents[2]
    words = " ".join(
        file.read_text(encoding="utf-8")
        for file in [folder / "README.md", *sorted((folder / "docs").glob("*.md"))]
    ).split()
    draw = random.Random(seed)
    lengths = [draw.randint(5, 60) for _ in range(count)]
    starts = [draw.randrange(len(words) - length) for length in lengths]
    return [
        " ".join(words[start : start + length])
        for start, length in zip(starts, lengths, strict=True)
    ]


def ours(lm: LanguageModel, texts: Sequence[str]) -> list[Any]:
    """Log-probabilities of each token, by score_set."""
    return [trace.logprobs for trace in lm.score_set(list(texts), progress=False)]


def plainly(lm: LanguageModel, texts: Sequence[str]) -> list[Any]:
    """The loop that people write: sorted, filled up, all logits, a log-softmax, a gather."""
    ids = [torch.tensor(lm.tokenizer(text)["input_ids"]) for text in texts]
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    found: list[Any] = [None] * len(ids)
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            own = order[start : start + BATCH]
            batch = torch.nn.utils.rnn.pad_sequence([ids[i] for i in own], batch_first=True)
            mask = torch.nn.utils.rnn.pad_sequence(
                [torch.ones_like(ids[i]) for i in own], batch_first=True
            )
            logits = lm.model(input_ids=batch, attention_mask=mask).logits[:, :-1].float()
            logprobs = logits.log_softmax(-1).gather(-1, batch[:, 1:, None])[..., 0]
            for row, i in enumerate(own):
                found[i] = logprobs[row, : len(ids[i]) - 1].numpy()
    return found


def harness(lm: LanguageModel) -> Callable[[LanguageModel, Sequence[str]], list[Any]] | None:
    """loglikelihood_rolling of lm-evaluation-harness, sums only; None where it is not installed."""
    try:
        models: Any = importlib.import_module("lm_eval.models.huggingface")
        instance: Any = importlib.import_module("lm_eval.api.instance")
    except ImportError:
        return None
    wrapped = models.HFLM(
        pretrained=lm.model, tokenizer=lm.tokenizer, batch_size=BATCH, device="cpu"
    )

    def run(lm: LanguageModel, texts: Sequence[str]) -> list[Any]:
        asked = [
            instance.Instance("loglikelihood_rolling", {}, (text,), i)
            for i, text in enumerate(texts)
        ]
        sums: list[Any] = wrapped.loglikelihood_rolling(asked, disable_tqdm=True)
        return sums

    return run


def products(lm: LanguageModel, texts: Sequence[str]) -> float:
    """Seconds of the matrix products that the texts cannot do without, in float32."""
    decoder = read_decoder(lm.model)
    assert decoder is not None
    rows = sum(len(lm.tokenizer(text)["input_ids"]) - 1 for text in texts)
    seconds = 0.0
    block = decoder.blocks[0]
    mlp: Any = block.mlp
    linears = [block.queries.linear, block.keys.linear, block.values.linear, block.output,
               mlp.up, mlp.down, *([] if mlp.gate is None else [mlp.gate])]  # fmt: skip
    shapes = [(tuple(one.weight.shape), len(decoder.blocks)) for one in linears]
    shapes.append((tuple(decoder.head.weight.shape), 1))
    with torch.no_grad():
        for (out, width), times in shapes:
            part = min(out, 1024)
            x, weight = torch.randn(1024, width), torch.randn(part, width).T
            room = torch.empty(1024, part)
            multiply = partial(torch.mm, x, weight, out=room)
            best = min(_timed(multiply) for _ in range(9))
            seconds += best * times * (out / part) * (rows / 1024)
    return seconds


def measured(path: str, count: int, peer: bool = True) -> dict[str, Any]:
    """What each took, and how far their numbers lie apart."""
    lm = tv.load_model(path)
    texts = texts_of(count)
    contenders: dict[str, Callable[[LanguageModel, Sequence[str]], list[Any]]] = {
        "score_set": ours, "plain loop": plainly,
    }  # fmt: skip
    other = harness(lm) if peer else None
    if other is not None:
        contenders["lm-evaluation-harness"] = other
    for run in contenders.values():
        run(lm, texts[:2])
    seconds: dict[str, float] = dict.fromkeys([*contenders, "products"], 0.0)
    found: dict[str, list[Any]] = {name: [] for name in contenders}
    size = -(-count // SLICES)
    for start in range(0, count, size):
        own = texts[start : start + size]
        for name, run in contenders.items():
            begin = time.process_time()
            found[name] += run(lm, own)
            seconds[name] += time.process_time() - begin
        seconds["products"] += products(lm, own)
    exact = tv.LanguageModel(lm.model, lm.tokenizer)
    same = _apart(found, found["score_set"])

    def apart(one: list[Any], other: list[Any]) -> float:
        return max(float(np.nanmax(abs(a - b))) for a, b in zip(one, other, strict=True))

    few = texts[:: max(1, count // 40)]
    narrow = [trace.logprobs for trace in map(exact.score, few)]
    lm.model.float()
    alone = [trace.logprobs for trace in map(tv.LanguageModel(lm.model, lm.tokenizer).score, few)]
    mine = found["score_set"][:: max(1, count // 40)]
    return {
        "texts": count,
        "tokens": int(sum(map(len, found["score_set"]))),
        "seconds": seconds,
        "from score_set, per token or sum": same,
        "from score in float32": apart(mine, alone),
        "score as loaded from score in float32": apart(narrow, alone),
    }  # fmt: skip


def _apart(found: dict[str, list[Any]], own: list[Any]) -> dict[str, float]:
    """The largest difference of each contender's numbers, relative to sums where it gives these."""
    result = {}
    for name, theirs in found.items():
        if name == "score_set":
            continue
        gaps = [
            float(np.nanmax(abs(a - b))) if np.ndim(b) else abs(float(np.nansum(a)) - b) / len(a)
            for a, b in zip(own, theirs, strict=True)
        ]
        result[name] = max(gaps)
    return result


def _timed(function: Callable[[], object]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-harness", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name, value in measured(options.model, options.texts, not options.no_harness).items():
        print(f"{name}: {value}")
