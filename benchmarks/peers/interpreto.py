"""interpreto: Saliency, IntegratedGradients and Occlusion on a generation model.

Its gradients are the mean over the embedding of |embedding · gradient|, without a sign, and its
integrated gradients multiply by the embedding at each point of the path (from nearly zero) instead
of by the difference to the baseline: other quantities, measured for their time alone. Its occlusion
also replaces the generated tokens; the prompt's rows equal captum's. It has no targets taken as a
whole, so a continuation is the sum of its tokens.
"""

from __future__ import annotations

from typing import Any

import torch
from interpreto import Granularity, IntegratedGradients, Occlusion, Saliency
from interpreto.attributions import InferenceModes

from benchmarks.contender import Array, Contender, columns
from benchmarks.peers import Contenders
from benchmarks.subject import Case, Subject

__all__ = ["prepare"]

_BATCHES = (4, 16)  # its default, and one more


def prepare(subject: Subject) -> Contenders:
    """Interpreto for one model."""

    def contenders(method: str, n_steps: int) -> list[Contender]:
        if method == "integrated_gradients_to_tolerance":
            return []
        if method == "occlusion":
            return [contender(method, n_steps, batch) for batch in _BATCHES]
        # For gradients on one core, a larger batch is slower; one row has nothing to batch.
        return [contender(method, n_steps, _BATCHES[0])]

    def contender(method: str, n_steps: int, batch: int) -> Contender:
        keywords: dict[str, Any] = {
            "batch_size": batch,
            "granularity": Granularity.TOKEN,
            "inference_mode": InferenceModes.LOG_SOFTMAX,
            "device": torch.device("cpu"),
        }
        explainer: Any
        if method == "occlusion":
            explainer = Occlusion(subject.model, subject.tokenizer, **keywords)
        elif method == "input_x_gradient":
            explainer = Saliency(subject.model, subject.tokenizer, **keywords)
        else:
            explainer = IntegratedGradients(
                subject.model, subject.tokenizer, n_perturbations=n_steps, **keywords
            )

        def run(case: Case) -> Array:
            texts = [subject.text(case.prompt)] * len(case.continuations)
            targets = [torch.tensor(ids) for ids in case.continuations]
            results = explainer.explain(texts, targets)
            n = len(case.prompt)
            return columns(case, [result.attributions[:, :n].numpy().T for result in results])

        setting = "default" if batch == _BATCHES[0] else f"batch_size={batch}"
        if method == "occlusion":
            return Contender("interpreto", setting, run, lambda n, m: (n + m + 1) * (n + m))
        return Contender("interpreto", setting, run, lambda n, m: (1 + 2 * m) * (n + m), "no")

    return contenders
