"""Writes ``inseq_decoder.json``, ``inseq_encoder.json`` and what inseq 0.7.1 saves: small models.

The first is of the bundled model, the second of a random encoder-decoder. Values are kept as inseq
aggregates them (there would be 128 for each). Run in an environment that has inseq:
``python -m tests.sources.producers.inseq_outputs``.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import inseq
import torch
from transformers import T5Config, T5ForConditionalGeneration

import tokenviz as tv
from benchmarks.subject import word_tokenizer
from tests.sources.recorded import FIXTURES, again, recorded, write
from tokenviz.sources.read import read

KEEP = {
    "FeatureAttributionOutput": ["sequence_attributions", "info"],
    "GranularFeatureAttributionSequenceOutput": [
        "source", "target", "source_attributions", "target_attributions", "attr_pos_start",
        "attr_pos_end",
    ],
    "TokenWithId": ["token", "id"],
}  # fmt: skip
INFO = ("attribution_method", "attributed_fn", "attributed_fn_args", "generated_texts")


def keep(name: str, output: Any, tokenizer: Any) -> None:
    """Write it, if it is read again as the real one is."""
    made = recorded(output.aggregate(), KEEP)
    info = made["fields"]["info"]["mapping"]
    made["fields"]["info"]["mapping"] = {key: info[key] for key in INFO}
    ours, theirs = read(again(made), tokenizer=tokenizer), read(output, tokenizer=tokenizer)
    assert ours.tokens == theirs.tokens
    assert ours.targets == theirs.targets
    torch.testing.assert_close(
        torch.tensor(ours.values), torch.tensor(theirs.values), equal_nan=True
    )
    write(name, made)


def decoder() -> None:
    lm = tv.load_model()
    lm.model.config.bos_token_id = lm.model.config.eos_token_id  # inseq asks for one
    model = inseq.load_model(lm.model, "input_x_gradient", tokenizer=lm.tokenizer, device="cpu")
    prompt = "To solve 43 😀"
    output = model.attribute(
        prompt, prompt + " multiplied by", show_progress=False,
        attributed_fn="probability", attributed_fn_args={"logprob": True},
    )  # fmt: skip
    keep("inseq_decoder.json", output, lm.tokenizer)
    save("inseq_saved.json", output.aggregate())
    save("inseq_saved_primitives.json", output.aggregate(), use_primitives=True)


def save(name: str, output: Any, **options: Any) -> None:
    """What inseq's own ``save`` writes, without its indentation."""
    output.info["model_name"] = "demo"  # where it lay on a disk is of no use
    path = FIXTURES / name
    output.save(path, overwrite=True, **options)
    value = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


def encoder() -> None:
    torch.manual_seed(0)
    tokenizer = word_tokenizer(32)
    config = T5Config(
        vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config).eval()
    with tempfile.TemporaryDirectory() as folder:
        model.config.name_or_path = str(Path(folder))
        attributed = inseq.load_model(model, "input_x_gradient", tokenizer=tokenizer, device="cpu")
        output = attributed.attribute("w2 w5 w9", "w3 w4", attribute_target=True,
                                      show_progress=False)  # fmt: skip
    keep("inseq_encoder.json", output, tokenizer)


if __name__ == "__main__":
    decoder()
    encoder()
