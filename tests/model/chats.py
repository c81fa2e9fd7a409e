"""Chat templates in the styles of real models, each beside a plain account of what it renders.

The account is a list of pieces (text, role, turn) written in Python without any template engine:
what :mod:`tokenviz.model.text.chat` is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Messages = list[dict[str, str]]
Piece = tuple[str, str, int]


@dataclass(frozen=True)
class Style:
    """A template and what it renders."""

    name: str
    template: str
    pieces: Callable[[Messages], list[Piece]]


def _chatml(messages: Messages) -> list[Piece]:
    out: list[Piece] = []
    for turn, m in enumerate(messages):
        out += [
            (f"<|im_start|>{m['role']}\n", "template", turn),
            (m["content"], m["role"], turn),
            ("<|im_end|>\n", "template", turn),
        ]
    return [*out, ("<|im_start|>assistant\n", "template", len(messages))]


CHATML = Style(
    "ChatML",
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>'"
    " + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
    _chatml,
)


def _llama3(messages: Messages) -> list[Piece]:
    out: list[Piece] = [("<|begin_of_text|>", "template", 0)]
    for turn, m in enumerate(messages):
        header = f"<|start_header_id|>{m['role']}<|end_header_id|>\n\n"
        out += [
            (header, "template", turn),
            (m["content"].strip(), m["role"], turn),
            ("<|eot_id|>", "template", turn),
        ]
    opening = "<|start_header_id|>assistant<|end_header_id|>\n\n"
    return [*out, (opening, "template", len(messages))]


LLAMA_3 = Style(
    "Llama 3",
    "{% for m in messages %}"
    "{% set c = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n'"
    " + m['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set c = '<|begin_of_text|>' + c %}{% endif %}{{ c }}"
    "{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}",
    _llama3,
)


def _llama2(messages: Messages) -> list[Piece]:
    out: list[Piece] = []
    for turn, m in enumerate(messages):
        merged = turn == 1 and messages[0]["role"] == "system"
        if m["role"] == "system":
            out += [
                ("<s>[INST] <<SYS>>\n", "template", turn),
                (m["content"], "system", turn),
                ("\n<</SYS>>\n\n", "template", turn),
            ]
        elif m["role"] == "user":
            content = m["content"].rstrip() if merged else m["content"].strip()
            out += [] if merged else [("<s>[INST] ", "template", turn)]
            out += [(content, "user", turn), (" [/INST]", "template", turn)]
        else:
            out += [
                (" ", "template", turn),
                (m["content"].strip(), "assistant", turn),
                (" </s>", "template", turn),
            ]
    return out  # this template has no opening for the model's turn


LLAMA_2 = Style(
    "Llama 2",
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}{% else %}"
    "{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for m in loop_messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + m['content'] %}"
    "{% else %}{% set content = m['content'] %}{% endif %}"
    "{% if m['role'] == 'user' %}{{ '<s>[INST] ' + content | trim + ' [/INST]' }}"
    "{% elif m['role'] == 'assistant' %}{{ ' ' + content | trim + ' </s>' }}{% endif %}"
    "{% endfor %}",
    _llama2,
)


def _gemma(messages: Messages) -> list[Piece]:
    out: list[Piece] = [("<bos>", "template", 0)]
    for turn, m in enumerate(messages):
        merged = turn == 1 and messages[0]["role"] == "system"
        role = {"assistant": "model", "system": "user"}.get(m["role"], m["role"])
        if not merged:
            out.append((f"<start_of_turn>{role}\n", "template", turn))
        content = m["content"] if m["role"] == "system" else m["content"].strip()
        out.append((content, m["role"], turn))
        closing = "\n\n" if m["role"] == "system" else "<end_of_turn>\n"
        out.append((closing, "template", turn))
    return [*out, ("<start_of_turn>model\n", "template", len(messages))]


GEMMA = Style(
    "Gemma 3",
    "{{ '<bos>' }}{% if messages[0]['role'] == 'system' %}"
    "{% set first = messages[0]['content'] + '\\n\\n' %}{% set loop_messages = messages[1:] %}"
    "{% else %}{% set first = '' %}{% set loop_messages = messages %}{% endif %}"
    "{% for m in loop_messages %}"
    "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}"
    "{% set role = 'model' if m['role'] == 'assistant' else m['role'] %}"
    "{{ '<start_of_turn>' + role + '\\n' + (first if loop.first else '') }}"
    "{{ m['content'] | trim }}{{ '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}",
    _gemma,
)


def _lines(messages: Messages) -> list[Piece]:
    out: list[Piece] = []
    for turn, m in enumerate(messages):
        out += [("\n", "template", turn)] if turn else []
        out.append((m["content"], m["role"], turn))
    return [*out, ("<think>\n", "template", len(messages))]


BARE_LINES = Style(
    "bare lines",
    "{% for m in messages %}{{ m['content'] }}{% if not loop.last %}{{ '\\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<think>\\n' }}{% endif %}",
    _lines,
)

STYLES = [CHATML, LLAMA_3, LLAMA_2, GEMMA, BARE_LINES]
