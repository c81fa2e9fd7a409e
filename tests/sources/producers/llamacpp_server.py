"""What the llama.cpp server answers, written to ``fixtures/llamacpp_server.json``.

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

FIXTURE = Path(__file__).parents[1] / "fixtures" / "llamacpp_server.json"

# Tokens that are pieces of characters, an emoji of several code points, Devanagari, a tab.
FORCED = "北京很大。 नमस्ते दुनिया 🙂🫨👩\u200d🚀 𓀀\nfor i in x:\n\tprint(i)"


def server(model: str) -> xllamacpp.Server:
    """A server of its own port on the model, one request at a time."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {"gemma-3-270m"}
    params.port = 0
    params.n_ctx = 512
    params.n_parallel = 1
    params.warmup = False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
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
    grammar = f"root ::= {json.dumps(FORCED, ensure_ascii=False)}"
    forced = {"prompt": "Examples:", "grammar": grammar, "n_predict": 80, "temperature": 0}
    sampled = {"prompt": "The capital of France is", "n_predict": 8, "seed": 7}
    hot = sampled | {"temperature": 3, "top_k": 0, "top_p": 1, "min_p": 0}
    chat = {
        "messages": [{"role": "user", "content": "Write one emoji and one word of Hindi."}],
        "max_tokens": 8,
        "seed": 3,
        "logprobs": True,
        "top_logprobs": 3,
    }
    return {
        "completion": posted(address, "/completion", **forced, n_probs=3, return_tokens=True),
        "completion, streamed": posted(address, "/completion", **forced, n_probs=2, stream=True),
        "completion, hot": posted(address, "/completion", **hot, n_probs=2),
        "completion, after sampling": posted(
            address, "/completion", **sampled, n_probs=4, post_sampling_probs=True
        ),
        "completion, after sampling, streamed": posted(
            address, "/completion", **sampled, n_probs=2, post_sampling_probs=True, stream=True
        ),
        "completion without": posted(address, "/completion", **sampled),
        "chat": posted(address, "/v1/chat/completions", **chat),
        "chat, streamed": posted(address, "/v1/chat/completions", **chat, stream=True),
        "completions": posted(
            address, "/v1/completions", prompt="def f(x):", max_tokens=8, seed=1, logprobs=3
        ),
    }


def main(model: str) -> None:
    """Ask a server of its own, and write what it answers."""
    running = server(model)
    written = {
        "producer": f"llama.cpp server, in xllamacpp {version('xllamacpp')}",
        "model": "gemma-3-270m, Q4_K_M",
        "forced": FORCED,
        "cases": cases(running.listening_address),
    }
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(case, ensure_ascii=False, separators=(',', ':'))}"
        for name, case in written["cases"].items()
    )
    head = {name: value for name, value in written.items() if name != "cases"}
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(
        json.dumps(head, ensure_ascii=False)[:-1] + ', "cases": {\n' + lines + "\n}}\n"
    )


if __name__ == "__main__":
    main(sys.argv[1])
