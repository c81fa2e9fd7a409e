"""The sources that are damaged: every fixture, and what libraries that run here make."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch

import tokenviz as tv
from tests.sources import recorded
from tests.sources.truth import lines, whole
from tokenviz.sources.read import read

SCORED = [
    "fireworks_chat.json",
    "fireworks_completions.json",
    "fireworks_chat_stream.jsonl",
    "gemini.json",
    "gemini_rest.json",
    "gemini_stream.jsonl",
    "ollama_chat_stream.jsonl",
    "ollama_generate.json",
    "ollama_completions.json",
    "llamacpp_old.json",
    "openai_chat.json",
    "openai_chat_refusal.json",
    "openai_chat_stream.jsonl",
    "openai_completions.json",
    "openai_completions_echo.json",
    "openai_completions_stream.jsonl",
    "openai_responses.json",
    "openai_responses_completed.jsonl",
    "openai_responses_stream.jsonl",
    "sglang_chat.json",
    "sglang_completions.json",
    "sglang_generate.json",
    "sglang_generate_stream.jsonl",
    "tgi.json",
    "tgi_stream.jsonl",
    "together_chat.json",
    "together_chat_stream.jsonl",
    "together_completions.json",
    "together_completions_stream.jsonl",
]
"""Made of ``scored.json``, which says what is true of them."""

_CASES = {
    "llamacpp_server.json": {"completion without"},
    "llamacpp_server_stream.json": set(),
    "llamacpp_python.json": {"completion without"},
    "vllm_server.json": {"completions without"},
    "vllm_offline.json": {"without"},
}  # with those that hold no log-probabilities
_OBJECTS = (
    "inseq_decoder.json",
    "inseq_encoder.json",
    "interpreto_token.json",
    "interpreto_word.json",
    "interpreto_classes.json",
)
_FILES = (
    "prime_rl.jsonl",
    "nemo_rl.jsonl",
    "ray_rows.jsonl",
    "ray_parquet.json",
    "inseq_saved.json",
    "inseq_saved_primitives.json",
)
_VERL = [
    {"input": "12+34=", "output": "46", "gts": "46", "score": 1.0, "step": 3, "acc": 1},
    {"input": "43*34=", "output": "1,462 😀", "gts": "1462", "score": 0.0, "step": 3, "acc": None},
]
_TRL = [
    {"step": 3, "prompt": "12+34=", "completion": "46", "accuracy": 1.0, "advantage": 0.7},
    {"step": 3, "prompt": "43*34=", "completion": "1,462 😀", "accuracy": 0.0, "advantage": -0.7},
]


def made() -> dict[str, Callable[[], Any]]:
    """What makes each source, by name."""
    found: dict[str, Callable[[], Any]] = {
        name: partial(of_file, name) for name in (*SCORED, *_FILES)
    }
    for name, without in _CASES.items():
        for case in sorted(whole(name)["cases"].keys() - without):
            found[f"{name}: {case}"] = partial(of_case, name, case)
    for part in ("rollout", "train"):
        found[f"slime_{part}_0.pt"] = partial(slime, part)
    for name in _OBJECTS:
        found[name] = partial(recorded.read, name)
    for case in whole("shap_texts.json"):
        found[f"shap_texts.json: {case}"] = partial(shap, case)
    return found | {
        "captum": captum,
        "transformers": generated,
        "verl": lambda: _VERL,
        "trl": lambda: _TRL,
    }


def of_case(name: str, case: str) -> Any:
    """One of the answers that a fixture holds."""
    return whole(name)["cases"][case]


def shap(case: str) -> Any:
    """One of SHAP's explanations."""
    return recorded.read("shap_texts.json")[case]


def of_file(name: str) -> Any:
    """What a fixture holds."""
    return lines(name) if name.endswith(".jsonl") else whole(name)


def slime(part: str) -> Any:
    """A dump of slime's."""
    return torch.load(recorded.FIXTURES / f"slime_{part}_0.pt", weights_only=True)


@cache
def model() -> Any:
    """The bundled model."""
    return tv.load_model()


def captum(*, of_each: bool = True) -> Any:
    """A result of captum's, with its input."""
    from captum.attr import LLMAttributionResult, TextTokenInput

    inputs = TextTokenInput("43 😀", model().tokenizer)
    n = inputs.itp_tensor.shape[1]
    values = torch.arange(2.0 * n).reshape(2, n) - 3
    return LLMAttributionResult(
        input_tokens=list(inputs.values), output_tokens=["is", "so"], seq_attr=values.sum(0),
        token_attr=values if of_each else None, inp=inputs,
    )  # fmt: skip


def generated() -> Any:
    """What transformers' ``generate`` returns."""
    batch = model().tokenizer(["43*34="], return_tensors="pt")
    return model().model.generate(
        **batch, max_new_tokens=4, do_sample=False, output_logits=True, output_scores=True,
        return_dict_in_generate=True,
    )  # fmt: skip


SOURCES = {name: cache(make) for name, make in made().items()}


@cache
def truly(name: str) -> list[Any]:
    """What is read of a source as it is; of a rollout, of either policy."""
    found = read(SOURCES[name]())
    out = list(found) if isinstance(found, list) else [found]
    if name == "vllm_server.json: completions, echo":  # the prompt's own, where the echo is lost
        (choice,) = SOURCES[name]()["choices"]
        out.append(read({**SOURCES[name](), "choices": [{**choice, "logprobs": None}]}))
    if name == "captum":
        out.append(read(captum(of_each=False)))
    if name.startswith(("prime_rl", "nemo_rl", "slime")):
        found = read(SOURCES[name](), policy="engine")
        out += found if isinstance(found, list) else [found]
    return out
