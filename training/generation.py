"""Greedy generation for many questions at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from training.grammar import END_THINK

MAX_NEW_TOKENS = 160


def complete(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    questions: Sequence[str],
    *,
    batch: int = 128,
) -> list[str]:
    """Return the greedy completion of each question, special tokens included but for padding."""
    texts = []
    for start in range(0, len(questions), batch):
        prompts = tokenizer(
            list(questions[start : start + batch]),
            return_tensors="pt",
            padding=True,
            padding_side="left",
        ).to(model.device)
        with torch.no_grad():
            output = model.generate(**prompts, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        new = output[:, prompts["input_ids"].shape[1] :]
        texts += [text.split(tokenizer.eos_token)[0] for text in tokenizer.batch_decode(new)]
    return texts


def final_answer(completion: str) -> str:
    """Return what follows the worked answer, or all of it if there is none."""
    return completion.rpartition(END_THINK)[2].strip()
