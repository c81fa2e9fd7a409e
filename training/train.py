"""Trains the model: every step reads new documents, and an average of the weights is exported.

Matrices inside the layers are trained with Muon, the rest with AdamW. The averaged weights are
usable at any moment of training, and every checkpoint exports them. The model that remains is the
mean of the averages that ended the last stages.
"""

from __future__ import annotations

import copy
import hashlib
import os
import random
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from training.batches import Pass, passes
from training.families import FAMILIES
from training.generation import complete, final_answer
from training.grammar import Chooser
from training.model import build_model, device, export
from training.recipe import Recipe
from training.tokenizer import train_tokenizer

CHECKPOINTS = Path(__file__).parent / "checkpoints"
GLANCE = 30


@dataclass
class State:
    """Everything that a checkpoint holds."""

    step: int
    model: LlamaForCausalLM
    averaged: LlamaForCausalLM
    optimizers: list[torch.optim.Optimizer]
    stage_ends: list[dict[str, Tensor]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write the state, replacing the file only once it is whole."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        torch.save(
            {
                "step": self.step,
                "model": self.model.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "stage_ends": self.stage_ends,
            },
            partial,
        )
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Take up a written state."""
        saved: dict[str, Any] = torch.load(path, map_location=self.model.device)
        self.step = saved["step"]
        self.model.load_state_dict(saved["model"])
        self.averaged.load_state_dict(saved["averaged"])
        self.stage_ends = saved["stage_ends"]
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)


def train(recipe: Recipe, directory: Path, until: int | None = None) -> None:
    """Train by ``recipe`` and export to ``directory``.

    Goes on from the last checkpoint of the same recipe if there is one, to the same result but
    for rounding. With ``until`` it ends after so many steps, and exports what there is by then.
    """
    checkpoint = CHECKPOINTS / f"{_digest(recipe)}.pt"
    torch.manual_seed(recipe.seed)
    tokenizer = train_tokenizer(
        texts=recipe.tokenizer_texts, vocabulary=recipe.vocabulary, seed=recipe.seed
    )
    model = build_model(recipe.architecture, tokenizer)
    model.to(device())  # type: ignore[arg-type]  # the stubs forget that a device is fine
    averaged = copy.deepcopy(model)
    state = State(0, model, averaged, _optimizers(recipe, model))
    if checkpoint.exists():
        state.load(checkpoint)
    workers = _workers()
    started, tokens = time.monotonic(), 0
    last = recipe.steps if until is None else until
    while state.step < last:
        loss, read = _step(recipe, tokenizer, state, workers)
        tokens += read
        if state.step in recipe.stage_ends:
            state.stage_ends.append(copy.deepcopy(averaged.state_dict()))
        if state.step % 50 == 0:
            speed = tokens / (time.monotonic() - started)
            print(f"step {state.step:5d}  loss {loss:.4f}  {speed:,.0f} tokens/s", flush=True)
        if state.step % recipe.checkpoint_every == 0 or state.step == recipe.steps:
            state.save(checkpoint)
            export(averaged, tokenizer, directory)
            print("held out:", glance(averaged, tokenizer), flush=True)
    if until is not None:
        export(averaged, tokenizer, directory)
        return
    averaged.load_state_dict(_mean(state.stage_ends[-recipe.stages_averaged :]))
    export(averaged, tokenizer, directory)


def glance(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> str:
    """Return the accuracy on a few held-out problems of each family, to watch training by."""
    scores = []
    for name, family in FAMILIES.items():
        rng = random.Random(f"glance:{name}")
        problems = [family.draw_split(rng, held_out=True) for _ in range(GLANCE)]
        questions = [family.question(Chooser(rng), problem) for problem in problems]
        answers = map(final_answer, complete(model, tokenizer, questions))
        right = sum(a == family.answer(p) for a, p in zip(answers, problems, strict=True))
        scores.append(f"{name} {right}/{GLANCE}")
    return ", ".join(scores)


def _step(
    recipe: Recipe, tokenizer: PreTrainedTokenizerFast, state: State, workers: Executor
) -> tuple[float, int]:
    """Take one step; return the loss and the number of tokens read."""
    batch = list(passes(recipe, tokenizer, state.step))
    total_weight = sum(float(one.weights[:, 1:].sum()) for one in batch)
    parameters = list(state.model.parameters())

    def gradients(one: Pass) -> tuple[Tensor, tuple[Tensor, ...]]:
        tokens, weights = one.tokens.to(device()), one.weights.to(device())
        logits = state.model(input_ids=tokens, use_cache=False).logits[:, :-1]
        losses = functional.cross_entropy(
            logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none"
        )
        loss = (losses * weights[:, 1:].flatten()).sum() / total_weight
        return loss.detach(), torch.autograd.grad(loss, parameters)

    loss_sum = 0.0
    for loss, found in workers.map(gradients, batch):
        loss_sum += loss.item()
        for parameter, gradient in zip(parameters, found, strict=True):
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), recipe.gradient_norm)
    factor = _rate_factor(recipe, state.step)
    for optimizer in state.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        optimizer.step()
        optimizer.zero_grad()
    state.step += 1
    _average(recipe, state)
    return loss_sum, sum(int((one.weights > 0).sum()) for one in batch)


def _workers() -> Executor:
    """Return the threads that share the passes of a step.

    On a CPU every pass has one core to itself: the cores then wait for each other once a step,
    not once an operation. Gradients are added in a fixed order whichever is ready first.
    """
    if device().type == "cuda":
        return ThreadPoolExecutor(max_workers=1)
    torch.set_num_threads(1)
    return ThreadPoolExecutor(max_workers=os.cpu_count())


def _digest(recipe: Recipe) -> str:
    """Name a recipe, so that no checkpoint of another one is taken up."""
    return hashlib.blake2b(repr(recipe).encode(), digest_size=6).hexdigest()


def _rate_factor(recipe: Recipe, step: int) -> float:
    """Warm up, stay, and fall linearly to nothing, in every stage."""
    stage, step = recipe.stage_at(step)
    left = (stage.decay_to - step) / (stage.decay_to - stage.decay_from)
    return stage.rate * min(1.0, (step + 1) / stage.warm_up_steps, left)


def _average(recipe: Recipe, state: State) -> None:
    """Fold the weights into their average, which follows more closely at the beginning."""
    decay = min(recipe.average_decay, state.step / (state.step + 10))
    with torch.no_grad():
        pairs = zip(state.averaged.parameters(), state.model.parameters(), strict=True)
        for average, current in pairs:
            average.lerp_(current, 1 - decay)


def _mean(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def _optimizers(recipe: Recipe, model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0),
        torch.optim.Muon(
            matrices,
            lr=recipe.matrix_learning_rate,
            weight_decay=recipe.weight_decay,
            adjust_lr_fn="match_rms_adamw",
        ),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers
