"""What the llama.cpp server answers: ``fixtures/llamacpp_server.json``, ``…_stream.json``.

Written with xllamacpp 2026.10.11549, whose wheel holds the server of llama.cpp of October 2026 and
runs it on a processor, on Gemma 3 270M as Q4_K_M. A grammar forces the texts, so that scripts of
many kinds come up; the probabilities are the model's before it. To run it, with a Python that has
xllamacpp::

    python tests/sources/producers/llamacpp_server.py gemma-3-270m-q4_k_m.gguf
"""

from __future__ import annotations

import json
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xllamacpp

FIXTURES = Path(__file__).parents[1] / "fixtures"

# Tokens that are pieces of characters, an emoji of several code points, Devanagari, a tab.
FORCED = "北京很大。 नमस्ते दुनिया 🙂🫨👩\u200d🚀 𓀀\nfor i in x:\n\tprint(i)"
SPOKEN = "न 🫨 ok"


def server(model: str) -> xllamacpp.Server:
    """A server of its own port on the model, one request at a time."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"gemma-3-270m"}
    params.port = 0
    params.n_ctx = 512
    params.n_parallel = 1
    params.warmup = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    return xllamacpp.Server(params)


def posted(address: str, path: str, **body: Any) -> Any:
    """The answer to a request: an object, or a stream's objects."""
    request = urllib.request.Request(
        address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        text = response.read().decode()
    if not body.get("stream"):
        return json.loads(text)
    events = [line[len("data: ") :] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(event) for event in events if event != "[DONE]"]


def cases(address: str) -> dict[str, Any]:
    """Each shape that the server writes, of short texts."""
    forced = {"prompt": "Examples:", "grammar": grammar(FORCED), "n_predict": 100, "temperature": 0}
    sampled = {"prompt": "The capital of France is", "n_predict": 8, "seed": 7}
    hot = sampled | {"temperature": 3, "top_k": 0, "top_p": 1, "min_p": 0}
    after = sampled | {"post_sampling_probs": True}
    chat = {
        "messages": [{"role": "user", "content": "Write one emoji and one word of Hindi."}],
        "max_tokens": 16,
        "seed": 3,
        "logprobs": True,
        "top_logprobs": 3,
    }
    spoken = chat | {"grammar": grammar(SPOKEN), "max_tokens": 20, "top_logprobs": 2}
    text = {"prompt": "def f(x):", "max_tokens": 8, "seed": 1, "logprobs": 3}
    return {
        "completion": posted(address, "/completion", **forced, n_probs=3, return_tokens=True),
        "completion without tokens": posted(address, "/completion", **forced, n_probs=2),
        "completion, hot": posted(address, "/completion", **hot, n_probs=2),
        "completion, after sampling": posted(address, "/completion", **after, n_probs=4),
        "completion without": posted(address, "/completion", **sampled),
        "chat": posted(address, "/v1/chat/completions", **chat),
        "chat, forced": posted(address, "/v1/chat/completions", **spoken),
        "completions": posted(address, "/v1/completions", **text),
        "completion, streamed": posted(address, "/completion", **forced, n_probs=2, stream=True),
        "completion, after sampling, streamed": posted(
            address, "/completion", **after, n_probs=2, stream=True
        ),
        "chat, streamed": posted(address, "/v1/chat/completions", **chat, stream=True),
        "chat, forced, streamed": posted(address, "/v1/chat/completions", **spoken, stream=True),
    }


def grammar(text: str) -> str:
    """One by which nothing else can be written."""
    return f"root ::= {json.dumps(text, ensure_ascii=False)}"


def save(name: str, facts: dict[str, Any], cases: dict[str, Any]) -> None:
    """A file of one line per case."""
    lines = ",\n".join(
        f"{json.dumps(case)}: {json.dumps(answer, ensure_ascii=False, separators=(',', ':'))}"
        for case, answer in cases.items()
    )
    start = json.dumps(facts, ensure_ascii=False)[:-1]
    (FIXTURES / name).write_text(f'{start}, "cases": {{\n{lines}\n}}}}\n')


def main(model: str) -> None:
    """Ask a server of its own, and write what it answers."""
    running = server(model)  # it stops when nothing holds it
    answers = cases(running.listening_address)
    facts = {
        "producer": f"llama.cpp server, in xllamacpp {version('xllamacpp')}",
        "model": "gemma-3-270m, Q4_K_M",
        "forced": FORCED,
        "spoken": SPOKEN,
    }
    streams = {case: answer for case, answer in answers.items() if isinstance(answer, list)}
    save("llamacpp_server.json", facts, {k: v for k, v in answers.items() if k not in streams})
    save("llamacpp_server_stream.json", facts, streams)


if __name__ == "__main__":
    main(sys.argv[1])
