"""Attribution for a model of Llama 3 8B's shape on a GPU, beside the least arithmetic it takes.

The floor is what cannot be avoided, had everything that is already known been kept: with n prompt
tokens, m targets and N = n + m − 1 positions,

- reverse mode runs N positions forward and, for target t, the n + t before it backward;
- forward mode runs N positions and, for token i, the derivatives of the N − i from it on;
- occlusion runs N positions and, for token i, the N − i from it on once more.

A position costs 2 operations per parameter of the layers and 4·d·length per layer in attention, in
either direction; a logit row 2·d·vocabulary, where one is needed. Derivatives of integrated
gradients are needed at each path node. Divided by the rate of a large matrix product measured in
the same run, it is the time that a perfect program would need.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

import tokenviz as tv
from benchmarks.subject import BASELINE, Subject, random_case, word_tokenizer
from benchmarks.timing import Budget

__all__ = ["LLAMA_8B", "Floor", "Shape", "measure", "run"]

PROMPT, CONTINUATION, STEPS = 512, 128, 8
_MATRIX = 8192


@dataclass(frozen=True)
class Shape:
    """The sizes of a Llama model."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int


LLAMA_8B = Shape(4096, 14336, 32, 32, 8, 128_256)


@dataclass(frozen=True)
class Floor:
    """The least operations of a method for n prompt tokens and m targets."""

    shape: Shape
    n: int
    m: int

    def reverse(self) -> int:
        """One gradient per target."""
        backward = sum(self._positions(0, self.n + t) for t in range(self.m))
        return self._whole() + backward + self.m * self._logits()

    def forward(self) -> int:
        """One directional derivative per prompt token."""
        tangents = sum(self._positions(i, self._last) for i in range(self.n))
        return self._whole() + tangents + self.n * self.m * self._logits()

    def occlusion(self) -> int:
        """One changed prompt per prompt token: the same positions as forward mode."""
        return self.forward()

    def gradient(self) -> int:
        """The cheaper of the two directions."""
        return min(self.reverse(), self.forward())

    @property
    def _last(self) -> int:
        return self.n + self.m - 1

    def _whole(self) -> int:
        return self._positions(0, self._last) + self.m * self._logits()

    def _positions(self, start: int, stop: int) -> int:
        """Positions from start to before stop, each attending to all up to itself."""
        attended = (stop * (stop + 1) - start * (start + 1)) // 2
        attention = 4 * self.shape.hidden * self.shape.layers * attended
        return (stop - start) * 2 * self._parameters() + attention

    def _parameters(self) -> int:
        shape = self.shape
        kv = shape.hidden // shape.heads * shape.kv_heads
        attention = 2 * shape.hidden * (shape.hidden + kv)
        return shape.layers * (attention + 3 * shape.hidden * shape.intermediate)

    def _logits(self) -> int:
        return 2 * self.shape.hidden * self.shape.vocabulary


def run(*, quick: bool = False, budget: Budget | None = None) -> dict[str, Any] | None:
    """Measure where there is a GPU; None where there is none."""
    if not torch.cuda.is_available():
        return None
    repeats = (budget or Budget()).repeats
    n, m = (64, 16) if quick else (PROMPT, CONTINUATION)
    return measure(torch.device("cuda"), LLAMA_8B, n, m, STEPS, torch.bfloat16, repeats)


def measure(
    device: torch.device,
    shape: Shape,
    n: int,
    m: int,
    steps: int,
    dtype: torch.dtype,
    repeats: int,
    matrix: int = _MATRIX,
) -> dict[str, Any]:
    """Seconds, memory and share of the floor of each method.

    Parameters
    ----------
    device, dtype
        Where and in which number format.
    shape
        Of the model.
    n, m
        Tokens of the prompt and of the continuation.
    steps
        Path nodes of integrated gradients.
    repeats
        Of each measurement; the median counts.
    matrix
        Rows and columns of the product that tells the machine's speed.
    """
    rate = _rate(device, dtype, matrix)
    subject = _subject(device, shape, dtype, n + m)
    case = random_case(subject, n, m)
    floor = Floor(shape, n, m)
    methods: dict[str, tuple[int, dict[str, Any]]] = {
        "input_x_gradient": (floor.gradient(), {}),
        "integrated_gradients": (
            steps * floor.gradient(),
            {"n_steps": steps, "tolerance": None, "baseline": BASELINE},
        ),
        "occlusion": (floor.occlusion(), {"baseline": BASELINE}),
    }
    rows = []
    for method, (operations, options) in methods.items():

        def work(method: str = method, options: dict[str, Any] = options) -> object:
            return subject.lm.attribute(
                list(case.prompt),
                continuation=list(case.continuations[0]),
                method=method,
                **options,
            )

        row: dict[str, Any] = {
            "method": method,
            "floor": operations,
            "floor seconds": operations / rate,
        }
        try:
            row |= _measured(work, device, repeats)
            row["share of floor"] = row["floor seconds"] / row["median"]
        except torch.OutOfMemoryError as error:
            row["error"] = str(error)[:300]
        rows.append(row)
        print(row, file=sys.stderr)
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "dtype": str(dtype).removeprefix("torch."),
        "shape": asdict(shape),
        "prompt": n,
        "continuation": m,
        "n_steps": steps,
        "operations per second": rate,
        "floor of reverse mode": floor.reverse(),
        "floor of forward mode": floor.forward(),
        "methods": rows,
    }


def _subject(device: torch.device, shape: Shape, dtype: torch.dtype, context: int) -> Subject:
    config = LlamaConfig(
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        vocab_size=shape.vocabulary,
        max_position_embeddings=max(context, 8192),
        bos_token_id=None,
        eos_token_id=None,
    )
    torch.manual_seed(0)
    with device, _default_dtype(dtype):  # never in a wider format or elsewhere first
        model: Any = LlamaForCausalLM(config)
    tokenizer = word_tokenizer(shape.vocabulary)
    model = model.eval()
    return Subject("llama", model, tokenizer, tv.LanguageModel(model, tokenizer))


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _rate(device: torch.device, dtype: torch.dtype, matrix: int) -> float:
    """Operations per second of a large matrix product, the best of several."""
    a = torch.randn(matrix, matrix, device=device, dtype=dtype)
    seconds = [_seconds(lambda: a @ a, device) for _ in range(10)]
    return 2 * matrix**3 / min(seconds[1:])


def _measured(work: Callable[[], object], device: torch.device, repeats: int) -> dict[str, Any]:
    work()  # choosing kernels is not what is measured
    result: dict[str, Any] = {}
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    result["seconds"] = [_seconds(work, device) for _ in range(repeats)]
    result["median"] = median(result["seconds"])
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device)
        result["GiB at the peak"] = peak / 2**30
        result["GiB beyond the model"] = (peak - before) / 2**30
    return result


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
