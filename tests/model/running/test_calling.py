"""Models whose forward is not like transformers': a tuple, plain logits, fewer arguments."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.model.small import byte_level_tokenizer, random_lm, random_model
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.running.calling import logits_of

PROMPT = [5, 6, 7, 8]


class Own(torch.nn.Module):
    """A causal model of the user's own, without GenerationMixin."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = random_model("llama")
        self.config = SimpleNamespace(vocab_size=420, num_hidden_layers=2)
        self.get_input_embeddings = self.inner.get_input_embeddings
        self.get_output_embeddings = self.inner.get_output_embeddings

    def logits(self, input_ids: Any, inputs_embeds: Any = None) -> Any:
        return self.run(input_ids, inputs_embeds).logits

    def run(self, input_ids: Any, inputs_embeds: Any = None, **others: Any) -> Any:
        return self.inner(
            input_ids=input_ids, inputs_embeds=inputs_embeds, use_cache=False, **others
        )


class Tuple(Own):
    def forward(self, input_ids: Any = None, inputs_embeds: Any = None) -> Any:
        return (self.logits(input_ids, inputs_embeds), None)


class Plain(Own):
    def forward(self, input_ids: Any = None, inputs_embeds: Any = None) -> Any:
        return self.logits(input_ids, inputs_embeds)


class Dictionary(Own):
    def forward(self, input_ids: Any = None, inputs_embeds: Any = None, **others: Any) -> Any:
        assert "logits_to_keep" not in others
        return {"logits": self.logits(input_ids, inputs_embeds)}


class Prompted(Own):
    """Puts two rows of its own before every text, as prompt tuning does."""

    def forward(
        self, input_ids: Any = None, inputs_embeds: Any = None, output_attentions: bool = False
    ) -> Any:
        embeds = self.get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        own = torch.linspace(-1, 1, 2 * embeds.shape[-1]).view(1, 2, -1)
        embeds = torch.cat([own.expand(len(embeds), -1, -1), embeds], 1)
        return self.run(None, embeds, output_attentions=output_attentions)


@pytest.mark.parametrize("kind", [Tuple, Plain, Dictionary])
def test_its_figures_are_those_of_the_model_inside(kind: Any) -> None:
    lm = LanguageModel(kind(), byte_level_tokenizer())
    known = random_lm()
    trace = lm.generate(PROMPT, max_new_tokens=6)
    expected = known.generate(PROMPT, max_new_tokens=6)
    assert trace.tokens == expected.tokens
    np.testing.assert_allclose(trace.logprobs, expected.logprobs, atol=1e-5)
    np.testing.assert_allclose(lm.score(PROMPT).logprobs, known.score(PROMPT).logprobs, atol=1e-5)
    for method in ("input_x_gradient", "occlusion", "shapley"):
        np.testing.assert_allclose(
            lm.attribute(PROMPT, [9], method=method).values,
            known.attribute(PROMPT, [9], method=method).values,
            atol=1e-4,
        )


def test_rows_before_the_text_are_not_taken_for_its_own() -> None:
    model = Prompted()
    lm = LanguageModel(model, byte_level_tokenizer())
    trace = lm.generate(PROMPT, max_new_tokens=5)
    ids = [token.id for token in trace.tokens if token.id is not None]
    with torch.no_grad():
        whole = model(input_ids=torch.tensor([PROMPT + ids])).logits[0].log_softmax(-1)
    expected = [float(whole[2 + len(PROMPT) - 1 + k, id_]) for k, id_ in enumerate(ids)]
    np.testing.assert_allclose(trace.logprobs, expected, atol=1e-5)
    np.testing.assert_allclose(lm.score(ids, prompt=PROMPT).logprobs, expected, atol=1e-5)
    x = lm.embedding(torch.tensor(PROMPT)).detach().requires_grad_()
    model(inputs_embeds=x[None]).logits[0, -1].log_softmax(-1)[9].backward()
    found = lm.attribute(PROMPT, [9], method="input_x_gradient")
    np.testing.assert_allclose(found.values[:, 0], (x.grad * x).sum(-1).detach(), atol=1e-5)


def test_what_gives_no_logits_says_what_it_gives() -> None:
    with pytest.raises(TypeError, match=r"a tensor of shape \[2, 3\]"):
        logits_of(torch.zeros(2, 3))
    with pytest.raises(TypeError, match="its forward gave NoneType"):
        logits_of(None)
