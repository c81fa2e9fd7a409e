"""What llama-cpp-python answers, written to ``fixtures/llamacpp_python.json``.

Written with llama-cpp-python 0.3.36 on Gemma 3 270M as Q4_K_M: by its functions, whose numbers are
numpy's, and by its server, whole and streamed. The native library beneath them was that of the
wheel of xllamacpp 2026.9.11063, whose structures have the layout that 0.3.36 expects. To run it,
with a Python that has ``llama-cpp-python[server]``::

    python tests/sources/producers/llamacpp_python.py gemma-3-270m-q4_k_m.gguf
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import llama_cpp
from fastapi.testclient import TestClient
from llama_cpp.server.app import create_app
from llama_cpp.server.settings import ModelSettings, ServerSettings

FIXTURE = Path(__file__).parents[1] / "fixtures" / "llamacpp_python.json"

# Tokens that are pieces of characters, an emoji of several code points, Devanagari, a tab.
TEXT = "北京很大。 नमस्ते 🫨👩\u200d🚀\nfor i in x:\n\tprint(i)"
MESSAGES = [{"role": "user", "content": "Write one emoji and one word of Hindi."}]
OPTIONS = {"logits_all": True, "n_ctx": 512, "n_threads": 2, "chat_format": "alpaca"}


def by_functions(model: str) -> dict[str, Any]:
    """What the library's own functions give."""
    llama = llama_cpp.Llama(model, verbose=False, **OPTIONS)
    text = {"prompt": TEXT, "max_tokens": 4, "temperature": 0.0}
    hot = {"prompt": "The", "max_tokens": 6, "temperature": 3.0, "top_k": 0, "top_p": 1.0}
    pieces = {"prompt": "👩\u200d🚀🫨👩\u200d🚀🫨👩\u200d🚀", "max_tokens": 12, "temperature": 0.0}
    chat = {"max_tokens": 6, "temperature": 0.0, "logprobs": True, "top_logprobs": 3}
    return {
        "completion": llama.create_completion(**text, logprobs=3),
        "completion, echo": llama.create_completion(**text, logprobs=3, echo=True),
        "completion, hot": llama.create_completion(**hot, min_p=0.0, seed=1, logprobs=2),
        "completion, pieces": llama.create_completion(**pieces, logprobs=2),
        "completion, streamed": [*llama.create_completion(**text, logprobs=2, stream=True)],
        "completion without": llama.create_completion(**text),
        "chat": llama.create_chat_completion(MESSAGES, **chat),
        "chat, streamed": [*llama.create_chat_completion(MESSAGES, **chat, stream=True)],
    }


def by_the_server(model: str) -> dict[str, Any]:
    """What its server answers to the same."""
    settings = ModelSettings(model=model, model_alias="gemma-3-270m", **OPTIONS)
    client = TestClient(create_app(server_settings=ServerSettings(), model_settings=[settings]))
    text = {"prompt": TEXT, "max_tokens": 4, "temperature": 0.0, "logprobs": 2}
    chat = {"messages": MESSAGES, "max_tokens": 6, "temperature": 0.0}
    chat |= {"logprobs": True, "top_logprobs": 2}

    def posted(path: str, body: dict[str, Any]) -> Any:
        response = client.post(path, json=body)
        response.raise_for_status()
        if not body.get("stream"):
            return response.json()
        lines = response.text.splitlines()
        events = [line[len("data: ") :] for line in lines if line.startswith("data: ")]
        return [json.loads(event) for event in events if event != "[DONE]"]

    return {
        "server, completion": posted("/v1/completions", text),
        "server, completion, streamed": posted("/v1/completions", text | {"stream": True}),
        "server, chat": posted("/v1/chat/completions", chat),
        "server, chat, streamed": posted("/v1/chat/completions", chat | {"stream": True}),
    }


def main(model: str) -> None:
    """Write what both give."""
    cases = by_functions(model) | by_the_server(model)
    head = {
        "producer": f"llama-cpp-python {llama_cpp.__version__}",
        "model": "gemma-3-270m, Q4_K_M",
        "text": TEXT,
    }
    lines = ",\n".join(
        f"{json.dumps(name)}: "
        + json.dumps(case, ensure_ascii=False, separators=(",", ":"), default=float)
        for name, case in cases.items()
    ).replace(json.dumps(model), json.dumps(Path(model).name))
    start = json.dumps(head, ensure_ascii=False)[:-1]
    FIXTURE.write_text(f'{start}, "cases": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main(sys.argv[1])
