"""Loading, what is refused, and that the user's model stays as it was."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    BertConfig,
    BertForMaskedLM,
    BertLMHeadModel,
    ProphetNetConfig,
    ProphetNetForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from tests.model.small import byte_level_tokenizer, random_lm, random_model
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model

headless: Any = AutoModel
BERT: dict[str, Any] = {
    "vocab_size": 420,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "small-llama"
    random_model("llama").save_pretrained(path)
    byte_level_tokenizer().save_pretrained(path)
    return path


def test_a_folder_is_loaded_with_its_keywords(folder: Path) -> None:
    lm = load_model(folder, dtype="bfloat16", attn_implementation="eager")
    assert lm.dtype == torch.bfloat16 and lm.device.type == "cpu"
    assert lm.name == "small-llama" and lm.max_context == 128 and lm.vocabulary_size == 420
    model: Any = lm.model
    assert model.config._attn_implementation == "eager"
    assert repr(lm) == "LanguageModel('small-llama', LlamaForCausalLM, bfloat16, cpu)"
    exact = load_model(str(folder)).generate("The cat", max_new_tokens=5)
    assert exact.tokens == random_lm().generate("The cat", max_new_tokens=5).tokens
    assert exact.model == "small-llama"


def test_a_checkpoint_without_a_head_is_refused(tmp_path: Path) -> None:
    model = random_model("llama")
    headless.from_config(model.config).save_pretrained(tmp_path)
    byte_level_tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"name_or_path: .* no causal language-model head"):
        load_model(tmp_path)


def test_a_kind_of_model_without_a_head_is_refused(tmp_path: Path) -> None:
    T5Config(vocab_size=420).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"name_or_path: .* without a causal language-model head"):
        load_model(tmp_path)


def test_objects_of_the_wrong_kind() -> None:
    tokenizer = byte_level_tokenizer()
    model = random_model("llama")
    wrong: Any
    for wrong in ("gpt2", Path("gpt2")):
        with pytest.raises(TypeError, match=r"model: .* use tokenviz\.load_model"):
            LanguageModel(wrong, tokenizer)
    for wrong in (None, torch.nn.Linear(2, 2), tokenizer):
        with pytest.raises(TypeError, match="model: expected a transformers causal language model"):
            LanguageModel(wrong, tokenizer)
    for wrong in (None, "gpt2", tokenizer.backend_tokenizer):
        with pytest.raises(TypeError, match="tokenizer: expected a transformers tokenizer"):
            LanguageModel(model, wrong)


def test_models_without_a_causal_head() -> None:
    tokenizer = byte_level_tokenizer()
    shape: dict[str, Any] = {"d_model": 16, "d_ff": 16, "num_layers": 1, "num_heads": 2, "d_kv": 8}
    for model in (
        headless.from_config(random_model("llama").config),
        BertForMaskedLM(BertConfig(**BERT)),
    ):
        with pytest.raises(ValueError, match=r"model: .* has no causal language-model head"):
            LanguageModel(model, tokenizer)
    with pytest.raises(ValueError, match=r"T5.* is an encoder–decoder model"):
        LanguageModel(T5ForConditionalGeneration(T5Config(vocab_size=420, **shape)), tokenizer)


def test_a_head_that_sees_the_future_is_refused() -> None:
    tokenizer = byte_level_tokenizer()
    torch.manual_seed(0)
    both_ways = LanguageModel(BertLMHeadModel(BertConfig(**BERT)), tokenizer)
    with pytest.raises(ValueError, match="model: BertLMHeadModel is not causal"):
        both_ways.score("The cat")
    causal = LanguageModel(BertLMHeadModel(BertConfig(is_decoder=True, **BERT)), tokenizer)
    assert len(causal.score("The cat")) == 2


def test_models_whose_predictions_depend_on_how_many_tokens_follow() -> None:
    torch.manual_seed(0)
    config = ProphetNetConfig(
        vocab_size=420, hidden_size=16, decoder_ffn_dim=32, num_decoder_layers=2,
        num_decoder_attention_heads=2, max_position_embeddings=32, is_decoder=True,
        is_encoder_decoder=False, add_cross_attention=False, init_std=0.5,
    )  # fmt: skip
    lm = LanguageModel(ProphetNetForCausalLM(config), byte_level_tokenizer())
    with pytest.raises(ValueError, match=r"ProphetNetForCausalLM is not causal \(how many tokens"):
        lm.score("The cat")


def test_a_model_that_does_otherwise_with_ids_than_with_embeddings_is_explained_from_ids() -> None:
    model = random_model("llama")
    inner = model.model
    plain = inner.forward

    def forward(input_ids: Any = None, inputs_embeds: Any = None, **rest: Any) -> Any:
        if input_ids is not None:
            inputs_embeds = 2 * inner.embed_tokens(input_ids)
        return plain(inputs_embeds=inputs_embeds, **rest)

    inner.forward = forward
    lm = LanguageModel(model, byte_level_tokenizer())
    assert len(lm.generate("The cat", max_new_tokens=2)) == 2
    x = lm.embedding(lm.encode("The cat")).detach().requires_grad_()
    (target,) = byte_level_tokenizer()(" sat").input_ids[:1]
    score = model(inputs_embeds=2 * x[None]).logits[0, -1].log_softmax(-1)[target]
    (gradient,) = torch.autograd.grad(score, x)
    found = lm.attribute("The cat", [target], method="input_x_gradient").values[:, 0]
    torch.testing.assert_close(torch.tensor(found), (gradient * x).sum(-1).detach())


def test_the_model_is_left_as_it_was() -> None:
    model = random_model("gpt2")
    lm = LanguageModel(model, byte_level_tokenizer())
    expected = lm.attribute("The cat", [" sat"]), lm.generate("The cat", max_new_tokens=3)
    model.train()
    model.transformer.h[0].eval()
    model.transformer.wte.weight.requires_grad_(False)
    training = [module.training for module in model.modules()]
    trainable = [parameter.requires_grad for parameter in model.parameters()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    # Dropout is off while we look, whatever the mode the model came in.
    with torch.no_grad():
        assert (lm.attribute("The cat", [" sat"]), lm.generate("The cat", max_new_tokens=3)) == (
            expected
        )
    lm.score("The cat")
    with pytest.raises(ValueError, match="targets"):
        lm.attribute("The cat", [""])
    assert [module.training for module in model.modules()] == training
    assert [parameter.requires_grad for parameter in model.parameters()] == trainable
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_a_missing_library_is_named_with_what_to_install(missing: str) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import tokenviz\n"
        "try: tokenviz.load_model()\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert missing in run.stdout and "pip install 'tokenviz-widget[models]'" in run.stdout
