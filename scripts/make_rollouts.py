"""Write rollouts in the shape of prime-rl's token export: ``FOLDER/step_N/rank_0.jsonl``.

The bundled model is asked problems that it was not trained on, several times each. What samples
(the engine) has weights of four bits, what trains has all their digits, so that both differ as
they do in training: rarely, and then by much. A rollout's advantage is its reward, 1 for the right
answer, less the mean of those of its prompt. ``reward`` and ``problem`` are fields of ours, beside
those of prime-rl. Nothing is learned from one step to the next. The same seed gives the same
rollouts.

``python -m scripts.make_rollouts rollouts --count 200``
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import tokenviz as tv
from tokenviz._progress import progress_bar
from training.families import FAMILIES
from training.generation import MAX_NEW_TOKENS, final_answer
from training.grammar import Chooser

TEMPERATURE = 1.0
BOUND = 0.2
"""How far a probability may move against its advantage's sign before its token is masked."""
TOGETHER = 64
"""Rollouts that are sampled side by side."""
DIGITS = 7
"""What numbers are written with, as many as those of 32 bits have."""


@dataclass(frozen=True)
class Question:
    """A problem that was kept out of training, and its answer."""

    family: str
    key: str
    text: str
    answer: str


def make_rollouts(
    folder: Path,
    *,
    count: int = 10_000,
    group: int = 8,
    steps: int = 5,
    bits: int = 4,
    seed: int = 0,
    workers: int = 1,
    progress: bool | None = None,
) -> list[Path]:
    """Write them.

    Parameters
    ----------
    folder
        Where to; it is made.
    count
        How many rollouts.
    group
        How many of them answer the same prompt.
    steps
        How many folders ``step_N`` they are spread over.
    bits
        How many the engine's weights have.
    seed
        Of problems, wording and sampling.
    workers
        How many processes write, a step at a time each.
    progress
        Whether a bar counts rollouts; None shows one after two seconds, where tqdm is installed.

    Returns
    -------
    list of Path
        The files.
    """
    for name, value in {
        "count": count, "group": group, "steps": steps, "workers": workers,
    }.items():  # fmt: skip
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    if not 2 <= bits <= 16:
        raise ValueError(f"bits: expected 2 to 16, got {bits}")
    questions = draw_questions(math.ceil(count / group), seed)
    asked = [(i, questions[i // group]) for i in range(count)]
    # A prompt's answers stay in one step.
    size = math.ceil(len(questions) / steps) * group
    parts = [asked[start : start + size] for start in range(0, count, size)]
    files = [folder / f"step_{step}" / "rank_0.jsonl" for step in range(len(parts))]
    write = partial(_write_step, group=group, bits=bits, seed=seed)
    bar = progress_bar(count, "rollouts", "", progress)
    try:
        for written in _each(write, list(zip(files, parts, strict=True)), workers):
            if bar is not None:
                bar.update(written)
    finally:
        if bar is not None:
            bar.close()
    return files


def _each(write: Any, jobs: Sequence[Any], workers: int) -> Iterator[int]:
    if min(workers, len(jobs)) == 1:
        yield from map(write, jobs)
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn")) as processes:
        yield from processes.map(write, jobs)


def _write_step(
    job: tuple[Path, list[tuple[int, Question]]], *, group: int, bits: int, seed: int
) -> int:
    """Write one file; how many rollouts it has."""
    path, asked = job
    step = int(path.parent.name.removeprefix("step_"))
    trainer, engine = tv.load_model(), with_rounded_weights(tv.load_model(), bits)
    with _one_thread():
        written = engine.generate_set(
            [question.text for _, question in asked],
            keys=[f"{i:06d}" for i, _ in asked],
            temperature=TEMPERATURE, seed=seed, max_new_tokens=MAX_NEW_TOKENS, keep_eos=True,
            top_k=0, batch_size=TOGETHER, progress=False,
        )  # fmt: skip
        sampled = written.to_arrow(["prompt_ids", "ids", "logprobs", "text"]).to_pylist()
        read = trainer.score_set(
            [row["prompt_ids"] + row["ids"] for row in sampled],
            keys=written.keys, top_k=0, progress=False,
        )  # fmt: skip
    trained = read.to_arrow(["logprobs", "entropies"]).to_pylist()
    end = trainer.tokenizer.eos_token
    rewards = np.array(
        [
            float(final_answer(row["text"].split(end)[0]) == question.answer)
            for row, (_, question) in zip(sampled, asked, strict=True)
        ]
    )
    means = [rewards[i : i + group].mean() for i in range(0, len(rewards), group)]
    advantages = rewards - np.repeat(means, group)[: len(rewards)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for place, (_, question) in enumerate(asked):
            head = {
                "schema_version": 1, "step": step, "rank": 0, "micro_step": place // group,
                "micro_sequence_idx": place % group, "export_sequence_idx": place,
                "env_name": question.family,
            }  # fmt: skip
            tokens = token_columns(
                sampled[place], trained[place], advantages[place],
                vocabulary=len(trainer.tokenizer),
            )  # fmt: skip
            own_fields = {"reward": float(rewards[place]), "problem": question.key}
            file.write(json.dumps({**head, **tokens, **own_fields}) + "\n")
    return len(asked)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The model is so small that more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def with_rounded_weights(lm: tv.LanguageModel, bits: int) -> tv.LanguageModel:
    """A model whose linear layers have so many bits a number, scaled by their rows."""
    for layer in lm.model.modules():
        if isinstance(layer, torch.nn.Linear):
            weight = layer.weight.data
            step = weight.abs().amax(-1, keepdim=True).clamp(min=1e-12) / (2 ** (bits - 1) - 1)
            layer.weight.data = (weight / step).round() * step
    return lm


def draw_questions(count: int, seed: int) -> list[Question]:
    """Problems of all families in turn, none of which was trained on."""

    def drawn() -> Iterator[Question]:
        rng = random.Random(f"rollouts:{seed}")
        for i in range(count):
            name, family = list(FAMILIES.items())[i % len(FAMILIES)]
            problem = family.draw_split(rng, held_out=True)
            text = family.question(Chooser(rng), problem)
            yield Question(name, problem.key, text, family.answer(problem))

    return list(drawn())


def token_columns(
    sampled: dict[str, Any], trained: dict[str, Any], advantage: float, *, vocabulary: int
) -> dict[str, list[Any]]:
    """What a record holds token by token: of the prompt too, where the engine says 0."""
    n_prompt, ids = len(sampled["prompt_ids"]), sampled["prompt_ids"] + sampled["ids"]
    n = len(ids)
    mask = np.arange(n) >= n_prompt
    trainer = np.array(trained["logprobs"], np.float64)
    entropy = np.array(trained["entropies"], np.float64)
    # Nothing comes before the first token: prime-rl fills it with an even distribution.
    trainer[0], entropy[0] = -math.log(vocabulary), math.log(vocabulary)
    engine = np.concatenate([np.zeros(n_prompt), sampled["logprobs"]])
    log_ratio = trainer - engine
    delta = np.exp(trainer) - np.exp(engine)
    high = mask & (advantage > 0) & (delta > BOUND)
    low = mask & (advantage < 0) & (delta < -BOUND)
    return {
        "token_ids": ids,
        "position_ids": list(range(n)),
        "loss_mask": mask.tolist(),
        "advantages": _written(mask * advantage),
        "inference_logprobs": _written(engine),
        "trainer_logprobs": _written(trainer),
        "entropy": _written(entropy),
        "mismatch_kl": _written(np.exp(log_ratio) - log_ratio - 1),
        "log_importance_ratio": _written(log_ratio),
        "importance_ratio": _written(np.exp(log_ratio)),
        "prob_delta": _written(delta),
        "is_masked": (high | low).tolist(),
        "is_masked_high": high.tolist(),
        "is_masked_low": low.tolist(),
        **{name: [None] * n for name in ("rl_weights", "ce_weights", "ref_kl_weights")},
    }


def _written(numbers: npt.NDArray[np.floating[Any]]) -> list[float]:
    return [float(f"{number:.{DIGITS}g}") for number in numbers.tolist()]


def main() -> None:
    """Write them where the command says."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.make_rollouts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=10_000, help="how many (10,000)")
    parser.add_argument("--group", type=int, default=8, help="answers to a prompt (8)")
    parser.add_argument("--steps", type=int, default=5, help="folders that they go to (5)")
    parser.add_argument("--bits", type=int, default=4, help="of the engine's weights (4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1,
                        help="processes (as many as there are cores)")  # fmt: skip
    given = vars(parser.parse_args())
    for path in make_rollouts(given.pop("folder"), **given):
        print(path)


if __name__ == "__main__":
    main()
