"""Write rollouts in the shape of prime-rl's token export: ``FOLDER/step_N/rank_0.jsonl``.

The bundled model is asked problems that it was not trained on, several times each. What samples
(the engine) has weights of eight bits, what trains has all their digits, so that both differ as
they do in training: rarely, and then by much. A rollout's advantage is its reward, 1 for the right
answer, less the mean of those of its prompt. ``reward`` and ``problem`` are fields of ours, beside
those of prime-rl. The same seed gives the same rollouts.

``python -m scripts.make_rollouts rollouts --count 200``
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tokenviz as tv
from training.families import FAMILIES
from training.generation import MAX_NEW_TOKENS, final_answer
from training.grammar import Chooser

TEMPERATURE = 1.0
BOUND = 0.2
"""How far a probability may move against its advantage's sign before its token is masked."""


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
    seed: int = 0,
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
    seed
        Of problems, wording and sampling.
    progress
        As :meth:`tokenviz.LanguageModel.generate_set` has it.

    Returns
    -------
    list of Path
        The files.
    """
    for name, value in {"count": count, "group": group, "steps": steps}.items():
        if value < 1:
            raise ValueError(f"{name}: expected at least 1, got {value}")
    trainer, engine = tv.load_model(), with_rounded_weights(tv.load_model())
    questions = draw_questions(math.ceil(count / group), seed)
    asked = [questions[i // group] for i in range(count)]
    written = engine.generate_set(
        [question.text for question in asked],
        keys=[f"{i:06d}" for i in range(count)],
        temperature=TEMPERATURE, seed=seed, max_new_tokens=MAX_NEW_TOKENS, keep_eos=True, top_k=0,
        progress=progress,
    )  # fmt: skip
    sampled = written.to_arrow(["prompt_ids", "ids", "logprobs", "text"]).to_pylist()
    read = trainer.score_set(
        [row["prompt_ids"] + row["ids"] for row in sampled],
        keys=written.keys, top_k=0, progress=progress,
    )  # fmt: skip
    trained = read.to_arrow(["logprobs", "entropies"]).to_pylist()
    rewards = np.array(
        [
            float(final_answer(row["text"].split(engine.tokenizer.eos_token)[0]) == one.answer)
            for row, one in zip(sampled, asked, strict=True)
        ]
    )
    advantages = (
        rewards
        - np.repeat([rewards[i : i + group].mean() for i in range(0, count, group)], group)[:count]
    )
    # A prompt's answers stay in one step.
    groups_per_step = math.ceil(len(questions) / steps)
    files = []
    for step in range(math.ceil(len(questions) / groups_per_step)):
        own = range(step * groups_per_step * group, (step + 1) * groups_per_step * group)
        path = folder / f"step_{step}" / "rank_0.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            for place, i in enumerate(one for one in own if one < count):
                head = {
                    "schema_version": 1, "step": step, "rank": 0, "micro_step": place // group,
                    "micro_sequence_idx": place % group, "export_sequence_idx": place,
                    "env_name": asked[i].family,
                }  # fmt: skip
                tokens = token_columns(sampled[i], trained[i], float(advantages[i]),
                                       vocabulary=len(trainer.tokenizer))  # fmt: skip
                own_fields = {"reward": float(rewards[i]), "problem": asked[i].key}
                file.write(json.dumps({**head, **tokens, **own_fields}) + "\n")
        files.append(path)
    return files


def with_rounded_weights(lm: tv.LanguageModel) -> tv.LanguageModel:
    """A model whose matrices have eight bits a number, scaled by their rows."""
    with torch.no_grad():
        for weight in lm.model.parameters():
            if weight.ndim == 2:
                scale = weight.abs().amax(-1, keepdim=True).clamp(min=1e-12) / 448.0
                weight.copy_((weight / scale).to(torch.float8_e4m3fn).to(weight.dtype) * scale)
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
        "advantages": (mask * advantage).tolist(),
        "inference_logprobs": engine.tolist(),
        "trainer_logprobs": trainer.tolist(),
        "entropy": entropy.tolist(),
        "mismatch_kl": (np.exp(log_ratio) - log_ratio - 1).tolist(),
        "log_importance_ratio": log_ratio.tolist(),
        "importance_ratio": np.exp(log_ratio).tolist(),
        "prob_delta": delta.tolist(),
        "is_masked": (high | low).tolist(),
        "is_masked_high": high.tolist(),
        "is_masked_low": low.tolist(),
        **{name: [None] * n for name in ("rl_weights", "ce_weights", "ref_kl_weights")},
    }


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
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for path in make_rollouts(
        given.folder, count=given.count, group=given.group, steps=given.steps, seed=given.seed
    ):
        print(path)


if __name__ == "__main__":
    main()
