"""Reading a model of transformers as a :class:`Decoder`, where its layout is one we know.

A layout is known by the exact class of the model. Whatever could make the model compute something
else than its class says (hooks, replaced or wrapped modules, quantised or adapted weights, options
that change the arithmetic) makes the answer None, and the model's own forward is used instead.

A family is a file: a function that takes a model and gives a :class:`Decoder`, or raises
:class:`UnknownLayoutError` where a setting makes it another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokenviz.model.decoder.decoder import Decoder
from tokenviz.model.decoder.layouts import (
    gemma,
    glm,
    gpt2,
    gpt_neox,
    gpt_oss,
    granite,
    llama,
    mixtures,
    olmo,
    phi3,
)
from tokenviz.model.decoder.layouts.parts import UnknownLayoutError
from tokenviz.model.decoder.layouts.plain import is_plain

__all__ = ["read_decoder"]

# By transformers' folder and the class there, so that none is imported that is not used.
_READERS: dict[str, Callable[[Any], Decoder]] = {
    "llama.LlamaForCausalLM": llama.read,
    "mistral.MistralForCausalLM": llama.read_mistral,
    "ministral.MinistralForCausalLM": llama.read,
    "qwen2.Qwen2ForCausalLM": llama.read,
    "qwen3.Qwen3ForCausalLM": llama.read,
    "smollm3.SmolLM3ForCausalLM": llama.read_smollm3,
    "gemma.GemmaForCausalLM": llama.read,
    "gemma2.Gemma2ForCausalLM": gemma.read_gemma2,
    "gemma3.Gemma3ForCausalLM": gemma.read_gemma3,
    "gemma3.Gemma3ForConditionalGeneration": gemma.read_gemma3_of_pictures,
    "phi3.Phi3ForCausalLM": phi3.read,
    "olmo2.Olmo2ForCausalLM": olmo.read_olmo2,
    "olmo3.Olmo3ForCausalLM": olmo.read_olmo3,
    "granite.GraniteForCausalLM": granite.read,
    "glm.GlmForCausalLM": glm.read_glm,
    "glm4.Glm4ForCausalLM": glm.read_glm4,
    "mixtral.MixtralForCausalLM": mixtures.read_of_one_window,
    "qwen2_moe.Qwen2MoeForCausalLM": mixtures.read,
    "qwen3_moe.Qwen3MoeForCausalLM": mixtures.read_of_one_window,
    "olmoe.OlmoeForCausalLM": olmo.read_olmoe,
    "gpt_oss.GptOssForCausalLM": gpt_oss.read,
    "gpt2.GPT2LMHeadModel": gpt2.read,
    "gpt_neox.GPTNeoXForCausalLM": gpt_neox.read,
}
_UNUSED = {"gemma3.Gemma3ForConditionalGeneration": gemma.SEES_PICTURES}


def read_decoder(model: Any) -> Decoder | None:
    """The parts of a model of a known layout; None if it is of none.

    Parameters
    ----------
    model
        A causal language model.
    """
    name = _name(type(model))
    reader = _READERS.get(name)
    if reader is None or not is_plain(model, _UNUSED.get(name, frozenset())):
        return None
    try:
        return reader(model)
    except (UnknownLayoutError, AttributeError):  # the latter where a module is another
        return None


def _name(kind: type) -> str:
    """A class of transformers' models by its folder and name; no other has such a name."""
    *home, folder, module = ["", "", *kind.__module__.split(".")][-4:]
    if home != ["transformers", "models"] or module != f"modeling_{folder}":
        return ""
    return f"{folder}.{kind.__qualname__}"
