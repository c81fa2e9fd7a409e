"""vLLM in the same process, by a stand-in with its documented fields: the real one needs a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch

import tokenviz as tv
from tests.scorers.test_attribute import same
from tokenviz.model.language_model import LanguageModel


@dataclass
class Logprob:
    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class SamplingParams:
    max_tokens: int = 16
    temperature: float = 1.0
    prompt_logprobs: int | None = None


@dataclass
class RequestOutput:
    prompt_logprobs: Any


class LLM:
    def __init__(self, lm: LanguageModel) -> None:
        self._lm = lm

    def get_tokenizer(self) -> Any:
        return self._lm.tokenizer

    def get_default_sampling_params(self) -> SamplingParams:
        return SamplingParams()

    def generate(
        self, prompts: list[dict[str, list[int]]], sampling_params: SamplingParams, use_tqdm: bool
    ) -> list[RequestOutput]:
        assert sampling_params == SamplingParams(1, 0.0, 0) and not use_tqdm
        return [RequestOutput(self._logprobs(one["prompt_token_ids"])) for one in prompts]

    def _logprobs(self, ids: list[int]) -> list[dict[int, Logprob] | None]:
        with torch.no_grad():
            logs = self._lm.model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
        return [None, *({id_: Logprob(float(logs[k, id_]))} for k, id_ in enumerate(ids[1:]))]


@pytest.mark.parametrize("method", ["occlusion", "shapley"])
def test_an_engine_gives_the_numbers_of_the_model(bundled: LanguageModel, method: str) -> None:
    how: dict[str, Any] = {"targets": [" 12", tv.Contrast(" 12", " 57")], "method": method}
    found = tv.attribute(tv.scorers.vllm(LLM(bundled)), "7 + 5 =", **how)
    same(found, bundled.attribute("7 + 5 =", **how, baseline="eos"))


def test_an_id_that_is_left_out_is_told(bundled: LanguageModel) -> None:
    class Wrong(LLM):
        def _logprobs(self, ids: list[int]) -> list[dict[int, Logprob] | None]:
            return [None, *({99: Logprob(-1.0)} for _ in ids[1:])]

    with pytest.raises(RuntimeError, match=r"prompt_logprobs\[\d+\]: expected the id"):
        tv.attribute(tv.scorers.vllm(Wrong(bundled)), "7 + 5 =", " 12")


def test_what_is_no_engine_is_told(bundled: LanguageModel) -> None:
    with pytest.raises(TypeError, match=r"llm: expected a vllm\.LLM, got LanguageModel without"):
        tv.scorers.vllm(bundled)
