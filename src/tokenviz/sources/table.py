"""All formats. Their order is that of ``formats()``, and decides nothing."""

from __future__ import annotations

from tokenviz.sources.captum import CAPTUM
from tokenviz.sources.fireworks import FIREWORKS
from tokenviz.sources.format import Format
from tokenviz.sources.gemini import GEMINI
from tokenviz.sources.generate import GENERATE
from tokenviz.sources.inseq import INSEQ
from tokenviz.sources.interpreto import INTERPRETO
from tokenviz.sources.llamacpp_chat import LLAMACPP_CHAT
from tokenviz.sources.llamacpp_completion import LLAMACPP_COMPLETION
from tokenviz.sources.llamacpp_python import LLAMACPP_PYTHON_CHAT, LLAMACPP_PYTHON_COMPLETIONS
from tokenviz.sources.nemo_rl import NEMO_RL
from tokenviz.sources.ollama import OLLAMA
from tokenviz.sources.openai_chat import OPENAI_CHAT
from tokenviz.sources.openai_completions import OPENAI_COMPLETIONS
from tokenviz.sources.openai_responses import OPENAI_RESPONSES
from tokenviz.sources.prime_rl import PRIME_RL
from tokenviz.sources.ray_data import RAY_DATA
from tokenviz.sources.sglang_generate import SGLANG_GENERATE
from tokenviz.sources.sglang_server import SGLANG_CHAT, SGLANG_COMPLETIONS
from tokenviz.sources.shap import SHAP
from tokenviz.sources.slime import SLIME
from tokenviz.sources.tgi import TGI
from tokenviz.sources.together import TOGETHER
from tokenviz.sources.trl import TRL
from tokenviz.sources.verl import VERL
from tokenviz.sources.vllm_offline import VLLM_OFFLINE
from tokenviz.sources.vllm_server import VLLM_CHAT, VLLM_COMPLETIONS

__all__ = ["FORMATS"]

FORMATS: tuple[Format, ...] = (
    FIREWORKS,
    TOGETHER,
    LLAMACPP_CHAT,
    LLAMACPP_COMPLETION,
    LLAMACPP_PYTHON_CHAT,
    LLAMACPP_PYTHON_COMPLETIONS,
    VLLM_OFFLINE,
    VLLM_CHAT,
    VLLM_COMPLETIONS,
    SGLANG_GENERATE,
    SGLANG_CHAT,
    SGLANG_COMPLETIONS,
    OLLAMA,
    OPENAI_CHAT,
    OPENAI_COMPLETIONS,
    OPENAI_RESPONSES,
    GEMINI,
    RAY_DATA,
    TGI,
    GENERATE,
    PRIME_RL,
    NEMO_RL,
    SLIME,
    VERL,
    TRL,
    CAPTUM,
    INSEQ,
    SHAP,
    INTERPRETO,
)
