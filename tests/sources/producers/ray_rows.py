"""Writes ``ray_*.json*``: rows through Ray Data 2.60, as its LLM processor makes them of vLLM's.

vLLM needs a GPU, so what a row holds is made of the bundled model's log-probabilities, in the shape
of ``vLLMOutputData`` (ray.llm): ``{token id: {logprob, rank, decoded_token}}`` with the chosen
token first. What Ray makes of that is real: rows in memory, and JSON and Parquet with ids as texts
and as numbers (of which Parquet has pickles, and JSON the first position alone). Run in an
environment that has ray[data]: ``python -m tests.sources.producers.ray_rows``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet
import ray

import tokenviz as tv
from tests.sources.recorded import FIXTURES, write

TEXTS = {"To solve 43 times 34": ", I'll 😀", "12+34=": "46"}


def entries(trace: tv.Trace, tokenizer: Any) -> list[dict[int, Any] | None]:
    """What vLLM gives of each position; None of the first of a prompt."""
    return [
        None
        if rank == 0
        else {
            token.id: {"logprob": logprob, "rank": own, "decoded_token": tokenizer.decode(token.id)}
            for token, logprob, own in (
                (chosen, float(logprob), int(rank)),
                *((a.token, a.logprob, int(i + (i >= rank))) for i, a in enumerate(others, 1)),
            )
        }
        for chosen, logprob, rank, others in zip(
            trace.tokens, trace.logprobs, trace.ranks, trace.alternatives, strict=True
        )
    ]


def rows() -> list[dict[str, Any]]:
    lm = tv.load_model()
    made = []
    for prompt, text in TEXTS.items():
        read, written = lm.score(prompt, top_k=2), lm.score(text, prompt=prompt, top_k=2)
        made.append({
            "prompt": prompt,
            "prompt_token_ids": [token.id for token in read.tokens],
            "num_input_tokens": len(read),
            "generated_tokens": [token.id for token in written.tokens],
            "generated_text": text,
            "num_generated_tokens": len(written),
            "logprobs": entries(written, lm.tokenizer),
            "prompt_logprobs": entries(read, lm.tokenizer),
        })  # fmt: skip
    return made


def with_texts(row: dict[str, Any]) -> dict[str, Any]:
    """The row with ids as texts, as the error says."""
    for key in ("logprobs", "prompt_logprobs"):
        row[key] = [step and {str(i): one for i, one in step.items()} for step in row[key]]
    return row


def parquet(data: Any, folder: str) -> list[Any]:
    """The table of each file, which has fields for its own ids alone."""
    data.write_parquet(folder)
    return [pyarrow.parquet.read_table(file) for file in sorted(Path(folder).iterdir())]


if __name__ == "__main__":
    made = rows()
    ray.init(num_cpus=1, include_dashboard=False, object_store_memory=100_000_000)
    data = ray.data.from_items(made)
    assert data.take_all() == made
    with tempfile.TemporaryDirectory() as folder:
        for name, rows_of in {"rows": data.map(with_texts), "lost": data}.items():
            rows_of.write_json(f"{folder}/{name}")
            lines = [file.read_text() for file in sorted(Path(folder, name).iterdir())]
            (FIXTURES / f"ray_{name}.jsonl").write_text("".join(lines))
        tables = parquet(data.map(with_texts), f"{folder}/texts")
        write("ray_parquet.json", [row for table in tables for row in table.to_pylist()])
        pickled = parquet(data, f"{folder}/pickled")[0]["logprobs"].chunk(0).storage[0].as_py()
    write("ray_pickled.json", {"logprobs": pickled.hex()})
    ray.shutdown()
