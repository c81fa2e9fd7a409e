"""All formats, the more specific first: the first that recognises a source reads it."""

from __future__ import annotations

from tokenviz.sources.fireworks import FIREWORKS
from tokenviz.sources.format import Format
from tokenviz.sources.gemini import GEMINI
from tokenviz.sources.openai_chat import OPENAI_CHAT
from tokenviz.sources.openai_completions import OPENAI_COMPLETIONS
from tokenviz.sources.openai_responses import OPENAI_RESPONSES
from tokenviz.sources.tgi import TGI
from tokenviz.sources.together import TOGETHER

__all__ = ["FORMATS"]

FORMATS: tuple[Format, ...] = (
    FIREWORKS,
    TOGETHER,
    OPENAI_CHAT,
    OPENAI_COMPLETIONS,
    OPENAI_RESPONSES,
    GEMINI,
    TGI,
)
