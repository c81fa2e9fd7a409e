"""Writes the fixtures of prime-rl, slime and NeMo-RL: two rollouts of the bundled model.

The first two are written by the projects' own code (prime-rl 559b447: ``TokenExporter``, with its
configuration left out; slime 624b824: ``save_debug_rollout_data``, ``_build_dump_payload``), given
what a step of training has in memory. NeMo-RL 7ea279a cannot be imported without its engines:
``train_data.jsonl`` has the shape that ``Logger.log_batched_dict_as_jsonl`` writes of what its
``grpo.py`` collects. Run with checkouts of both:
``python -m tests.sources.producers.training_dumps PRIME_RL SLIME``.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

import tokenviz as tv
from tests.sources.recorded import FIXTURES

TEMPERATURE = 0.8
TURNS = [
    [("What is 12 times 34? 😀", False), ("<think>\n12 * 34", True)],
    [("43*34=", False), ("1462", True), (" is that right?", False), ("yes, it is", True)],
]
ADVANTAGES = (0.75, -0.5)


@dataclass
class Rollout:
    """A sequence, as a trainer has it in memory."""

    ids: list[int]
    mask: list[bool]
    trainer: list[float]
    """Log-probabilities after temperature; of the first, a filler."""
    entropy: list[float]
    engine: list[float]
    """0 where nothing was sampled."""
    advantage: float

    @property
    def start(self) -> int:
        """Where the response begins."""
        return self.mask.index(True)


def rollouts() -> list[Rollout]:
    lm = tv.load_model()
    made = []
    for turns, advantage in zip(TURNS, ADVANTAGES, strict=True):
        pieces = [(lm.tokenizer(text)["input_ids"], written) for text, written in turns]
        ids = [id_ for piece, _ in pieces for id_ in piece]
        mask = [written for piece, written in pieces for _ in piece]
        with torch.no_grad():
            logits = lm.model(torch.tensor([ids])).logits[0, :-1] / TEMPERATURE
        logprobs = logits.log_softmax(-1)
        entropy = -(logprobs.exp() * logprobs).sum(-1)
        own = logprobs.gather(-1, torch.tensor(ids)[1:, None])[:, 0]
        engine = own.bfloat16().float() * torch.tensor(mask[1:])  # engines compute in less digits
        size = logits.shape[-1]
        made.append(
            Rollout(ids, mask, [-math.log(size), *own.tolist()],
                    [math.log(size), *entropy.tolist()], [0.0, *engine.tolist()], advantage)
        )  # fmt: skip
    return made


def prime_rl(checkout: str, made: list[Rollout]) -> None:
    for name, names in {
        "configs": [], "configs.trainer": ["TrainerConfig", "DefaultLossConfig", "CustomLossConfig",
                                           "IPOLossConfig", "LossConfig"],
        "utils": [], "utils.utils": ["import_object"],
    }.items():  # fmt: skip
        module = ModuleType(f"prime_rl.{name}")
        vars(module).update({one: type(one, (SimpleNamespace,), {}) for one in names})
        sys.modules[module.__name__] = module
    for name in ("prime_rl", "prime_rl.trainer", "prime_rl.trainer.rl"):
        module = ModuleType(name)
        module.__path__ = [str(Path(checkout, "src", *name.split(".")))]
        sys.modules[name] = module
    from prime_rl.configs.trainer import DefaultLossConfig
    from prime_rl.trainer.rl.token_export import TokenExporter

    padding = 3

    def packed(values: list[list[Any]], filler: Any) -> torch.Tensor:
        return torch.tensor([[v for row in values for v in row] + [filler] * padding])

    lengths = [len(one.ids) for one in made]
    batch = {
        "input_ids": packed([one.ids for one in made], 0),
        "position_ids": packed([list(range(n)) for n in lengths], 0),
        "loss_mask": packed([one.mask for one in made], False),
        "advantages": packed([[one.advantage * m for m in one.mask] for one in made], 0.0),
        "inference_logprobs": packed([one.engine for one in made], 0.0),
        "env_names": [f"arithmetic-{i}" for i, n in enumerate(lengths) for _ in range(n)]
        + [""] * padding,
    }
    output = {
        "logprobs": packed([one.trainer for one in made], 0.0),
        "entropy": packed([one.entropy for one in made], 0.0),
    }
    lengths[-1] += padding
    with tempfile.TemporaryDirectory() as folder:
        exporter = TokenExporter(Path(folder), rank=0)
        bounds = DefaultLossConfig(dppo_mask_high=0.0005, dppo_mask_low=0.0005)
        exporter.export(7, 0, batch, output, lengths, bounds)
        written = next(Path(folder).rglob("*.jsonl")).read_text()
    (FIXTURES / "prime_rl.jsonl").write_text(written)


def slime(checkout: str, made: list[Rollout]) -> None:
    sys.path.insert(0, checkout)
    from slime.observability.rollout_data_utils import (
        save_debug_rollout_data,
        tensorize_rollout_data_for_training,
    )
    from slime.observability.train_data_utils import _build_dump_payload
    from slime.utils.types import Sample

    samples = [
        Sample(
            index=i, group_index=0, prompt=TURNS[i][0][0], tokens=one.ids,
            response_length=len(one.ids) - one.start, reward=1.0 - i,
            loss_mask=[int(m) for m in one.mask[one.start :]],
            rollout_log_probs=one.engine[one.start :],
            response="".join(text for text, _ in TURNS[i][1:]), status=list(Sample.Status)[1 + i],
        )
        for i, one in enumerate(made)
    ]  # fmt: skip
    save_debug_rollout_data(
        str(FIXTURES / "slime_rollout_{rollout_id}.pt"), samples, rollout_id=0, evaluation=False
    )
    data: dict[str, Any] = {
        "tokens": [one.ids for one in made],
        "response_lengths": [len(one.ids) - one.start for one in made],
        "total_lengths": [len(one.ids) for one in made],
        "rewards": [one.advantage for one in made],
        "loss_masks": [[int(m) for m in one.mask[one.start :]] for one in made],
        "rollout_log_probs": [one.engine[one.start :] for one in made],
        "sample_indices": [0, 1],
        "raw_reward": [1.0, 0.0],
    }
    tensorize_rollout_data_for_training(data)
    for key, columns in {
        "log_probs": [one.trainer for one in made],
        "entropy": [one.entropy for one in made],
        "advantages": [[one.advantage] * len(one.ids) for one in made],
    }.items():
        data[key] = [
            torch.tensor(column[one.start :]) for column, one in zip(columns, made, strict=True)
        ]
    shard = {"rank": 0, "data_parallel_rank": 0, "rollout_data": data}
    torch.save(_build_dump_payload([shard], rollout_id=0, writer_rank=0),
               FIXTURES / "slime_train_0.pt")  # fmt: skip


def nemo_rl(made: list[Rollout]) -> None:
    longest = max(len(one.ids) for one in made)

    def padded(values: list[Any], filler: Any) -> list[Any]:
        return values + [filler] * (longest - len(values))

    batch = {
        "content": ["".join(text for text, _ in turns) for turns in TURNS],
        "rewards": [1.0, 0.0],
        "input_lengths": [len(one.ids) for one in made],
        "token_ids": [padded(one.ids, 0) for one in made],
        "token_loss_mask": [padded([int(m) for m in one.mask], 0) for one in made],
        "sample_loss_mask": [1.0, 1.0],
        "advantages": [padded([one.advantage] * len(one.ids), one.advantage) for one in made],
        "generation_logprobs": [padded(one.engine, 0.0) for one in made],
        "prev_logprobs": [padded([0.0, *one.trainer[1:]], 0.0) for one in made],
    }
    rows = [{key: column[i : i + 1] for key, column in batch.items()} for i in range(len(made))]
    lines = [json.dumps({**row, "idx": i}) + "\n" for i, row in enumerate(rows)]
    (FIXTURES / "nemo_rl.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    both = rollouts()
    prime_rl(sys.argv[1], both)
    slime(sys.argv[2], both)
    nemo_rl(both)
