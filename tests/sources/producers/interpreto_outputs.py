"""Writes ``interpreto_*.json``: what interpreto 0.5.2 says of small models, in whole.

By tokens and by words of what the bundled model writes, and of classes of a random classifier. Run
in an environment that has interpreto: ``python -m tests.sources.producers.interpreto_outputs``.
"""

from __future__ import annotations

from typing import Any

import torch
from interpreto import Granularity, Occlusion
from interpreto.attributions import InferenceModes
from transformers import LlamaConfig, LlamaForSequenceClassification

import tokenviz as tv
from benchmarks.subject import word_tokenizer
from tests.sources.recorded import again, recorded, write
from tokenviz.sources.read import read

KEEP = {
    "AttributionOutput": [
        "attributions", "elements", "model_inputs_to_explain", "targets", "model_task", "classes",
        "granularity", "inference_mode",
    ],
    "ModelTask": ["name", "value"],
    "Granularity": ["name", "value"],
    "InferenceModes": ["name"],
}  # fmt: skip


def keep(name: str, output: Any, tokenizer: Any) -> None:
    """Write it, if it is read again as the real one is."""
    made = recorded(output, KEEP)
    inputs = made["fields"]["model_inputs_to_explain"]["mapping"]
    made["fields"]["model_inputs_to_explain"]["mapping"] = {"input_ids": inputs["input_ids"]}
    ours, theirs = read(again(made), tokenizer=tokenizer), read(output, tokenizer=tokenizer)
    assert ours == theirs
    write(name, made)


def written() -> None:
    for granularity in (Granularity.TOKEN, Granularity.WORD):
        lm = tv.load_model()
        explainer = Occlusion(
            lm.model, lm.tokenizer, granularity=granularity, device=torch.device("cpu"),
            inference_mode=InferenceModes.LOG_SOFTMAX,
        )  # fmt: skip
        output = explainer.explain(["To solve 43 😀"], [" multiplication problems"])[0]
        keep(f"interpreto_{granularity.value}.json", output, lm.tokenizer)


def classes() -> None:
    torch.manual_seed(0)
    tokenizer = word_tokenizer(32)
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, pad_token_id=1, num_labels=3,
    )  # fmt: skip
    model = LlamaForSequenceClassification(config).eval()
    explainer = Occlusion(
        model, tokenizer, granularity=Granularity.TOKEN, device=torch.device("cpu")
    )
    output = explainer.explain(["w2 w5 w9 w4"], [torch.tensor([0, 2])])[0]
    keep("interpreto_classes.json", output, tokenizer)


if __name__ == "__main__":
    written()
    classes()
