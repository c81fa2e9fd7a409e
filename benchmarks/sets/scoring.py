"""2,000 short texts: a set of them, a plain loop of transformers, and lm-evaluation-harness.

On one core, because threads that wait for each other take CPU time too. Each contender does the
same slice of texts before the next slice begins, so that a busy machine is as busy for all. A model
of 16 bits that score_set computes in float32 is also looped over in float32: with that its
log-probabilities are compared, and with float64. The harness takes part where it is installed; it
asks for older packages than are locked, but what is used of it needs no more than these:

    pip install --no-deps --target build/lm-eval lm-eval==0.4.13
    PYTHONPATH=build/lm-eval python -m benchmarks.sets.scoring --model FOLDER --texts 200
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import random
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tokenviz as tv
from benchmarks import machine
from benchmarks.fresh import fresh
from benchmarks.sets.products import products
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.forward import wide
from tokenviz.model.scoring.many import computed_in

__all__ = ["job", "scored"]

SLICES = 4
BATCH = 16  # of the plain loop and the harness, in the order of their lengths
FEW = 8  # texts that are computed in float64 to compare with
TEXTS, TEXTS_OF_OTHERS, QUICK_TEXTS = 2000, 200, 24

Run = Callable[[Sequence[str]], list[Any]]
"""From texts to log-probabilities of each one's tokens, or to sums of them."""


LONGEST_WORD = 24  # characters: what is longer is an address or a table's line


def texts_of(count: int, seed: int = 0) -> list[str]:
    """Sentences from this repository's documents, of 5 to 60 words that are no addresses."""
    folder = Path(__file__).parents[2]
    words = " ".join(
        file.read_text(encoding="utf-8")
        for file in [folder / "README.md", *sorted((folder / "docs").glob("*.md"))]
    ).split()
    words = [word for word in words if len(word) <= LONGEST_WORD]
    draw = random.Random(seed)
    lengths = [draw.randint(5, 60) for _ in range(count)]
    starts = [draw.randrange(len(words) - length) for length in lengths]
    return [
        " ".join(words[start : start + length])
        for start, length in zip(starts, lengths, strict=True)
    ]


def ours(lm: LanguageModel) -> Run:
    """By score_set, as its defaults are."""

    def run(texts: Sequence[str]) -> list[Any]:
        made = lm.score_set(list(texts), progress=False)
        return [np.asarray(row.values) for row in made.to_arrow(["logprobs"])["logprobs"]]

    return run


def plainly(lm: LanguageModel) -> Run:
    """The loop that people write: sorted, filled up, all logits, a log-softmax, a gather."""

    def run(texts: Sequence[str]) -> list[Any]:
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
                logits = lm.model(input_ids=batch, attention_mask=mask).logits[:, :-1]
                # In float32 at least; of 262,144 logits that sum is some 5e-5 off.
                logprobs = wide(logits).log_softmax(-1).gather(-1, batch[:, 1:, None])[..., 0]
                for row, i in enumerate(own):
                    found[i] = logprobs[row, : len(ids[i]) - 1].numpy()
        return found

    return run


def harness(lm: LanguageModel) -> Run | None:
    """Log-likelihoods by lm-evaluation-harness, sums only; None where it is not installed.

    It is given ids, the first as the context, because it would put another token before some texts.
    """
    try:
        models: Any = importlib.import_module("lm_eval.models.huggingface")
    except ImportError:
        return None
    wrapped = models.HFLM(
        pretrained=lm.model, tokenizer=lm.tokenizer, batch_size=BATCH, device="cpu"
    )

    def run(texts: Sequence[str]) -> list[Any]:
        ids = [lm.tokenizer(text)["input_ids"] for text in texts]
        asked = [((text, ""), own[:1], own[1:]) for text, own in zip(texts, ids, strict=True)]
        return [total for total, _ in wrapped._loglikelihood_tokens(asked, disable_tqdm=True)]

    return run


def job(model: str | None, count: int) -> Callable[[], object]:
    """score_set alone, in a process of its own."""
    lm = tv.load_model(model)
    run, texts = ours(lm), texts_of(count)
    run(_longest(texts))
    return lambda: run(texts)


def scored(model: str | None, count: int | None = None, *, quick: bool = False) -> dict[str, Any]:
    """What each contender took for the same texts, and how far their numbers lie apart.

    Parameters
    ----------
    model
        A folder, or a name on the Hub; None for the bundled one.
    count
        How many texts; by default 2,000 for the bundled model, 200 for another.
    quick
        Whether a few texts do.
    """
    if count is None:
        count = QUICK_TEXTS if quick else TEXTS if model is None else TEXTS_OF_OTHERS
    threads = torch.get_num_threads()
    machine.pin()
    try:
        result = _measured(model, count)
    finally:
        machine.release()
        torch.set_num_threads(threads)
    return result | {"alone": fresh("benchmarks.sets.scoring", model=model, count=count)}


def _measured(model: str | None, count: int) -> dict[str, Any]:
    lm, texts = tv.load_model(model), texts_of(count)
    loaded, inner = lm.dtype, computed_in(lm)
    runs: dict[str, tuple[torch.dtype, Run]] = {
        "score_set": (inner, ours(lm)),
        "plain loop": (loaded, plainly(lm)),
    }
    alike = lm
    if inner != loaded:
        alike = _in_format(lm, inner)
        runs["plain loop, widened before"] = (inner, plainly(alike))
    peer = harness(alike)
    if peer is not None:
        runs[f"lm-evaluation-harness {version('lm_eval')}"] = (inner, peer)
    for _, run in runs.values():
        run(_longest(texts))
    seconds = dict.fromkeys(runs, 0.0)
    found: dict[str, list[Any]] = {name: [] for name in runs}
    least = 0.0
    size = -(-count // SLICES)
    for start in range(0, count, size):
        own = texts[start : start + size]
        for name, (_, run) in runs.items():
            begin = time.process_time()
            found[name] += run(own)
            seconds[name] += time.process_time() - begin
        least += products(lm, own, inner)
    mine = found["score_set"]
    some = slice(None, None, max(1, count // FEW))
    exact = plainly(_in_format(lm, torch.float64))(texts[some])
    return {
        "model": "bundled" if model is None else Path(model).name,
        "texts": count,
        "tokens": sum(map(len, mine)),
        "products": least,
        "contenders": [
            {
                "name": name,
                "format": str(runs[name][0]).removeprefix("torch."),
                "seconds": seconds[name],
                "difference": _apart(mine, found[name]),
                "from float64": _apart(exact, found[name][some]),
            }
            for name in runs
        ],
    }


def _longest(texts: Sequence[str]) -> list[str]:
    """Two to warm up with, after which a model is known at their length."""
    return sorted(texts, key=len)[-2:]


def _in_format(lm: LanguageModel, dtype: torch.dtype) -> LanguageModel:
    """The same numbers in a wider format.

    Not loaded in it: of a constant that is rounded on loading, such as what Gemma's embeddings are
    multiplied with, that would be another number.
    """
    return LanguageModel(copy.deepcopy(lm.model).to(dtype), lm.tokenizer)


def _apart(some: Sequence[Any], others: Sequence[Any]) -> float:
    """The largest difference of a token's log-probability, or of a text's mean where sums came."""
    return max(
        float(np.max(abs(_defined(one) - _defined(other)), initial=0))
        if np.ndim(other)
        else abs(float(np.nansum(one)) - other) / len(one)
        for one, other in zip(some, others, strict=True)
    )


def _defined(logprobs: Any) -> Any:
    """Without the first token's where nothing comes before it."""
    return logprobs[int(np.isnan(logprobs[:1]).sum()) :]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="a folder, or a name on the Hub; else the bundled one")
    parser.add_argument("--texts", type=int)
    options = parser.parse_args()
    print(json.dumps(scored(options.model, options.texts), indent=1))
