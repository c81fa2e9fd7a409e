"""What wraps a model is what is run, and its figures are those of the model as it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.model.small import byte_level_tokenizer, random_model
from tokenviz.model.language_model import LanguageModel

PROMPT = [5, 9, 30, 12, 7, 40, 41]
TEXT = [31, 32, 33]


class Own(torch.nn.Module):
    """Hands everything on, as trainers' wrappers do."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.module = model

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)


class OnlyIds(Own):
    """Knows no embeddings as inputs."""

    def forward(self, input_ids: Any) -> Any:
        return self.module(input_ids=input_ids, use_cache=False).logits


class Elsewhere(OnlyIds):
    """Reads ids once more, past the embedding."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__(model)
        self.other = torch.nn.Embedding(420, 420)

    def forward(self, input_ids: Any) -> Any:
        return super().forward(input_ids) + 0.1 * self.other(input_ids).cumsum(1)


def table(model: Any, ids: list[int]) -> torch.Tensor:
    """Log-probabilities of the next token at each of some ids."""
    with torch.no_grad():
        output = model(input_ids=torch.tensor([ids]))
    logits = output if isinstance(output, torch.Tensor) else output.logits
    return logits[0, -len(ids) :].double().log_softmax(-1)


def agrees(model: Any, *, moves: bool = True) -> None:
    """Hold a model's figures against the model, called as it is."""
    lm = LanguageModel(model, byte_level_tokenizer())
    frozen = [parameter.requires_grad for parameter in model.parameters()]
    trace = lm.generate(PROMPT, max_new_tokens=4)
    ids = list(PROMPT)
    for token, logprob in zip(trace.tokens, trace.logprobs, strict=True):
        last = table(model, ids)[-1]
        assert int(last.argmax()) == token.id
        np.testing.assert_allclose(logprob, float(last.max()), atol=1e-4)
        ids.append(int(last.argmax()))
    whole = table(model, PROMPT + TEXT)
    forced = [float(whole[len(PROMPT) - 1 + k, id_]) for k, id_ in enumerate(TEXT)]
    np.testing.assert_allclose(lm.score(TEXT, prompt=PROMPT).logprobs, forced, atol=1e-4)
    score = float(table(model, PROMPT)[-1, 31])
    for baseline in ("delete", 77):
        other = [] if baseline == "delete" else [77]
        without = [PROMPT[:i] + other + PROMPT[i + 1 :] for i in range(len(PROMPT))]
        expected = [score - float(table(model, ids)[-1, 31]) for ids in without]
        found = lm.attribute(PROMPT, [31], method="occlusion", baseline=baseline)
        np.testing.assert_allclose(found.values[:, 0], expected, atol=1e-4)
    default = lm.attribute(PROMPT, [31], passes=None)  # works whatever can be moved
    assert default.method == "removal" and np.isfinite(default.values).all()
    change = score - float(table(model, [77] * len(PROMPT))[-1, 31])
    shapley = lm.attribute(PROMPT, [31], method="shapley", baseline=77)
    np.testing.assert_allclose(shapley.values.sum(), change, atol=1e-4)
    if moves:
        path = lm.attribute(PROMPT, [31], method="integrated_gradients", baseline=77)
        np.testing.assert_allclose(path.values.sum(), change, atol=0.02)
        several = lm.attribute(PROMPT, continuation=TEXT, method="input_x_gradient").values
        one = lm.attribute(PROMPT, [31], method="input_x_gradient").values
        np.testing.assert_allclose(several[:, :1], one, atol=1e-4)
    assert frozen == [parameter.requires_grad for parameter in model.parameters()]


@pytest.mark.parametrize("wrapper", [torch.nn.DataParallel, Own, OnlyIds])
def test_wrappers(wrapper: Any) -> None:
    agrees(wrapper(random_model("llama")).eval())


def test_ids_read_elsewhere_leave_what_replaces_tokens() -> None:
    torch.manual_seed(0)
    model = Elsewhere(random_model("llama")).eval()
    agrees(model, moves=False)
    lm = LanguageModel(model, byte_level_tokenizer())
    with pytest.raises(ValueError, match=r"method: .*'occlusion' and 'shapley' work"):
        lm.attribute(PROMPT, [31], method="integrated_gradients")
    with pytest.raises(ValueError, match=r"baseline: Elsewhere can only be given token ids"):
        lm.attribute(PROMPT, [31], method="occlusion", baseline="mean")
    assert lm.attribute(PROMPT, [31], method="occlusion").baseline == "token </s> (2)"
    with pytest.raises(ValueError, match="method: attention_rollout needs attention weights"):
        lm.attribute(PROMPT, [31], method="attention_rollout")


def test_per_layer_embeddings_go_beside_the_embeddings() -> None:
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "gemma4_text", vocab_size=420, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, max_position_embeddings=128,
        sliding_window=6, layer_types=["sliding_attention", "full_attention"],
        hidden_size_per_layer_input=8, vocab_size_per_layer_input=420, num_kv_shared_layers=0,
        pad_token_id=0, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    auto: Any = AutoModelForCausalLM
    model = auto.from_config(config).eval().float()
    agrees(model)
    ids = torch.tensor([PROMPT])
    x = model.get_input_embeddings()(ids).detach().requires_grad_()
    beside = model.model.get_per_layer_inputs(ids)
    logits = model(inputs_embeds=x, per_layer_inputs=beside.detach()).logits
    (gradient,) = torch.autograd.grad(logits[0, -1].log_softmax(-1)[31], x)
    lm = LanguageModel(model, byte_level_tokenizer())
    found = lm.attribute(PROMPT, [31], method="gradient_norm").values[:, 0]
    np.testing.assert_allclose(found, gradient[0].norm(dim=-1), rtol=1e-4)
    found = lm.attribute(PROMPT, [31], method="input_x_gradient").values[:, 0]
    np.testing.assert_allclose(found, (gradient * x)[0].sum(-1).detach(), atol=1e-4)


def test_a_model_without_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="model: LlamaForCausalLM has no weights"):
        LanguageModel(random_model("llama").to("meta"), byte_level_tokenizer())


@pytest.mark.parametrize("where", ["cpu", "disk"])
def test_offloaded_weights_come_when_they_are_needed(where: str, tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate")
    model = random_model("llama")
    if where == "cpu":
        accelerate.cpu_offload(model, execution_device="cpu")
    else:
        accelerate.disk_offload(model, str(tmp_path), execution_device="cpu")
    assert model.get_input_embeddings().weight.is_meta
    agrees(model)


@pytest.mark.filterwarnings("ignore")  # transformers' and PEFT's of each other's names
@pytest.mark.parametrize("kind", ["lora", "prompt", "prefix"])
def test_adapters(kind: str) -> None:
    peft = pytest.importorskip("peft")
    task = {"task_type": "CAUSAL_LM"}
    config = {
        "lora": lambda: peft.LoraConfig(target_modules=["q_proj", "v_proj"], **task),
        "prompt": lambda: peft.PromptTuningConfig(num_virtual_tokens=4, **task),
        "prefix": lambda: peft.PrefixTuningConfig(num_virtual_tokens=4, **task),
    }[kind]()
    model = peft.get_peft_model(random_model("llama"), config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora" in name or "prompt" in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
    agrees(model)
    lm = LanguageModel(model, byte_level_tokenizer())
    assert lm.attribute(PROMPT, [31], method="attention_rollout").values.shape == (7, 1)


def dynamic_model() -> Any:
    rope = {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 10000.0}
    return random_model("llama", rope_parameters=rope, max_position_embeddings=10)


def test_dynamic_positions_go_beyond_the_length_and_depend_on_no_earlier_text() -> None:
    model = dynamic_model()
    lm = LanguageModel(model, byte_level_tokenizer())
    middle, long = list(range(40, 54)), list(range(40, 90))
    before = lm.score(middle).logprobs[1:]
    with pytest.warns(UserWarning, match="goes on from its cache otherwise"):
        written = lm.generate(PROMPT, max_new_tokens=8)
    lm.score(long)
    np.testing.assert_array_equal(lm.score(middle).logprobs[1:], before)
    theirs = dynamic_model().generate(
        torch.tensor([PROMPT]), max_new_tokens=8, do_sample=False, use_cache=False
    )
    assert theirs[0, len(PROMPT) :].tolist() == [token.id for token in written.tokens]


class Tiny(torch.nn.Module):
    """Small enough to be compiled in a test."""

    def __init__(self) -> None:
        super().__init__()
        self.config = random_model("llama").config
        self.embed, self.mix = torch.nn.Embedding(420, 8), torch.nn.Linear(8, 8)
        self.head = torch.nn.Linear(8, 420)

    def get_input_embeddings(self) -> Any:
        return self.embed

    def get_output_embeddings(self) -> Any:
        return self.head

    def forward(self, input_ids: Any = None, inputs_embeds: Any = None) -> Any:
        x = self.embed(input_ids) if inputs_embeds is None else inputs_embeds
        return self.head(torch.tanh(self.mix(x.cumsum(1))))


@pytest.mark.filterwarnings("ignore")  # torch's own while it compiles
def test_compiled_models_lend_each_backward_pass_a_forward_pass() -> None:
    torch.manual_seed(0)
    plain = Tiny().eval()
    compiled = torch.compile(plain, backend="aot_eager")
    models: list[Any] = [plain, compiled]
    found = [
        LanguageModel(model, byte_level_tokenizer())
        .attribute(PROMPT, continuation=TEXT, method="input_x_gradient")
        .values
        for model in models
    ]
    np.testing.assert_allclose(found[1], found[0], atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "shapley", "n_samples": 10**9}, "n_samples: expected at most 1,000,000"),
        (
            {"method": "integrated_gradients", "n_steps": 10**9, "tolerance": None},
            "n_steps: expected at most 4,096",
        ),
    ],
)
def test_absurd_amounts_are_refused_at_once(options: Any, message: str) -> None:
    lm = LanguageModel(random_model("llama"), byte_level_tokenizer())
    for asked in (lm.attribute, lm.estimate):
        with pytest.raises(ValueError, match=message):
            asked(PROMPT, [5], **options)
    with pytest.raises(ValueError, match="targets: expected at most 1,000,000 entries"):
        lm.attribute(PROMPT, range(10**9))
    with pytest.raises(ValueError, match="continuation: expected at most 1,000,000 entries"):
        lm.attribute(PROMPT, continuation=range(10**9))
