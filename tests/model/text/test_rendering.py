"""Chat messages through templates: what is continued, tried, told and refused."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tokenviz as tv
from tests.model.chats import CHATML, GEMMA, LLAMA_2, LLAMA_3, STYLES, Messages, Style
from tests.model.small import random_model
from tests.model.text.test_chat import THINKING, chat_lm, chats, say
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.text.chat_options import ChatOptions
from tokenviz.model.text.rendering import render_chat
from tokenviz.wire import decode_trace, encode_trace

USER = {"role": "user", "content": "What is 2 + 2?"}
CALL = {"type": "function", "function": {"name": "add", "arguments": {"a": 2}}}
TOOL = {"type": "function", "function": {"name": "add", "description": "", "parameters": {}}}
PARTS = (  # like Gemma's: text, or a list of parts
    "{% for m in messages %}<s>{{ m.role }}: {% if m.content is string %}{{ m.content | trim }}"
    "{% else %}{% for part in m.content %}{{ part.text | trim }}{% endfor %}{% endif %}</s>"
    "{% endfor %}{% if add_generation_prompt %}<s>assistant: {% endif %}"
)
THOUGHTFUL = (  # like Qwen 3's: a keyword of its own, tools
    "{% if tools %}Tools: {{ tools | tojson }}\n{% endif %}{% for m in messages %}"
    "<s>{{ m.role }}: {{ m.content }}{% for call in m.tool_calls or [] %}"
    "<call>{{ call.function.name }}</call>{% endfor %}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant: {% if enable_thinking is defined and "
    "enable_thinking is false %}<think></think>{% endif %}{% endif %}"
)


def prompt_of(lm: LanguageModel, messages: Any, **chat: Any) -> str:
    tokens = lm.vocabulary.tokens(lm.encode(messages, **chat).tolist())
    return b"".join(token.bytes for token in tokens).decode()


def theirs(lm: LanguageModel, messages: Any, **chat: Any) -> str:
    text: str = lm.tokenizer.apply_chat_template(messages, tokenize=False, **chat)
    return text


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
@given(messages=chats(), answer=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(max_examples=15)
def test_the_assistants_last_message_is_continued_as_in_transformers(
    style: Style, messages: Messages, answer: str
) -> None:
    lm = chat_lm("byte level", style.template)
    chat = [*messages, {"role": "assistant", "content": answer}]
    text = render_chat(lm, chat, ChatOptions(), "prompt").text
    assert text == render_chat(lm, chat, ChatOptions(continue_final_message=True), "prompt").text
    if answer.strip() and "CONTINUE_FINAL" not in answer:
        expected = theirs(lm, chat, continue_final_message=True)
        # What the template puts behind the content is none of it, white space neither.
        assert text.rstrip() == expected.rstrip() and len(text) <= len(expected)


@pytest.mark.parametrize("style", STYLES[:4], ids=lambda style: style.name)
def test_an_empty_beginning_is_an_opened_turn(style: Style) -> None:
    lm = chat_lm("byte level", style.template)
    for content in ("", [], [{"type": "text", "text": ""}]):
        chat = [USER, {"role": "assistant", "content": content}]
        opened = theirs(lm, [USER], add_generation_prompt=True)
        assert prompt_of(lm, chat).rstrip(" ") == opened


def test_closing_and_opening_are_there_for_the_asking() -> None:
    lm = chat_lm("byte level", CHATML.template)
    chat = say(("user", "a"), ("assistant", "b"))
    closed = theirs(lm, chat)
    assert prompt_of(lm, chat) == closed.removesuffix("<|im_end|>\n")
    opened = closed + "<|im_start|>assistant\n"
    assert prompt_of(lm, chat, continue_final_message=False) == opened
    assert prompt_of(lm, chat, add_generation_prompt=True) == opened
    assert prompt_of(lm, chat, continue_final_message=False, add_generation_prompt=False) == closed
    assert prompt_of(lm, chat[:1], continue_final_message=True).endswith("user\na")
    assert prompt_of(lm, say(("user", "a"), ("model", "b"))).endswith("model\nb")
    with pytest.raises(ValueError, match="add_generation_prompt: opens the model's turn, while"):
        lm.encode(chat, continue_final_message=True, add_generation_prompt=True)
    with pytest.raises(TypeError, match="continue_final_message: expected True, False or the name"):
        lm.encode(chat, continue_final_message=3)


@pytest.mark.parametrize("method", ["generate", "score", "attribute", "estimate"])
def test_wherever_a_chat_can_be_given(method: str) -> None:
    lm = chat_lm("byte level", THOUGHTFUL)
    chat = [USER, {"role": "assistant", "content": "The answer is"}]
    closed: dict[str, Any] = {"continue_final_message": False, "enable_thinking": False}
    both: tuple[dict[str, Any], ...] = ({}, closed)
    for keywords in both:
        ids = lm.encode(chat, **keywords).tolist()
        if method == "generate":
            found = [t.id for t in lm.generate(chat, max_new_tokens=1, **keywords).prompt]
        elif method == "score":
            found = [t.id for t in lm.score(" 4", prompt=chat, **keywords).prompt]
        elif method == "attribute":
            shown = lm.attribute(chat, " 4", method="occlusion", **keywords)
            found = list(shown.prompt_ids or ())
        else:
            options: dict[str, Any] = {"method": "occlusion", **keywords}
            assert lm.estimate(chat, " 4", **options).positions
            found = ids
        assert found == ids
    assert lm.encode(chat, **closed).tolist() != lm.encode(chat).tolist()


def test_several_chats_are_each_continued_or_opened() -> None:
    lm = chat_lm("byte level", CHATML.template)
    begun = [USER, {"role": "assistant", "content": "The"}]
    both = lm.generate([[USER], begun], max_new_tokens=2)
    assert [trace.prompt[-1].text for trace in both] == ["\n", "The"]
    assert both[1].prompt_roles is not None and both[1].prompt_roles[-1] == "assistant"


def test_the_beginning_of_a_message_belongs_to_it() -> None:
    lm = chat_lm("byte level", GEMMA.template)
    trace = lm.generate([USER, {"role": "assistant", "content": "Four "}], max_new_tokens=1)
    assert trace.prompt_roles is not None and trace.prompt_turns is not None
    said = [
        token.text
        for token, role in zip(trace.prompt, trace.prompt_roles, strict=True)
        if role == "assistant"
    ]
    assert "".join(said) == "Four" and set(trace.prompt_turns) == {0, 1}


def test_thoughts_of_an_answer_that_goes_on() -> None:
    lm = chat_lm("byte level", THINKING)
    text = prompt_of(lm, say(("user", "a"), ("assistant", "<think>So.</think>Yes")))
    assert text.endswith("<think>\nSo.\n</think>\n\nYes")


def test_a_template_that_hides_the_end_of_a_message_is_not_continued() -> None:
    lm = chat_lm("byte level", "{% for m in messages %}{{ m.content[:4] }}|{% endfor %}")
    with pytest.raises(ValueError, match=r"prompt\[1\]: the chat template does not write the end"):
        lm.encode([USER, {"role": "assistant", "content": "The answer"}])


@pytest.mark.parametrize("template", [CHATML.template, PARTS, LLAMA_3.template])
def test_content_as_parts_is_content_as_text(template: str) -> None:
    lm = chat_lm("byte level", template)
    parts = [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}]
    chat = [{"role": "user", "content": parts}]
    assert prompt_of(lm, chat) == prompt_of(lm, say(("user", "Hithere")))
    begun = [*chat, {"role": "assistant", "content": [{"type": "text", "text": "Well"}]}]
    assert prompt_of(lm, begun).endswith("Well")
    roles = lm.generate(chat, max_new_tokens=1).prompt_roles
    assert roles is not None and "user" in roles


def test_parts_that_are_no_text_are_refused() -> None:
    lm = chat_lm("byte level", PARTS)
    for part in ({"type": "image", "url": "x"}, {"type": "image_url", "image_url": {}}):
        with pytest.raises(ValueError, match=r"prompt\[0\]\['content'\]\[0\]: a part of type 'ima"):
            lm.encode([{"role": "user", "content": [part]}])
    with pytest.raises(TypeError, match=r"prompt\[0\]\['content'\]: expected text or a list of pa"):
        lm.encode([{"role": "user", "content": 5}])
    with pytest.raises(TypeError, match=r"prompt\[0\]\['content'\]\[0\]: expected a part such as"):
        lm.encode([{"role": "user", "content": [5]}])


@pytest.mark.parametrize("content", [{}, {"content": None}, {"content": ""}])
def test_tool_calls_need_no_content(content: dict[str, Any]) -> None:
    lm = chat_lm("byte level", THOUGHTFUL)
    called = {"role": "assistant", "tool_calls": [CALL], **content}
    chat = [USER, called, {"role": "tool", "content": "4"}]
    text = prompt_of(lm, chat)
    assert "<call>add</call></s><s>tool: 4</s><s>assistant: " in text and "None" not in text
    # A call that waits for its answer is complete, and so not continued.
    assert prompt_of(lm, chat[:2]).endswith("</s><s>assistant: ")
    with pytest.raises(ValueError, match=r"continue_final_message: prompt\[1\] has no 'content'"):
        lm.encode([USER, {"role": "assistant", "tool_calls": [CALL]}], continue_final_message=True)


def test_a_template_that_needs_content_gets_an_empty_one() -> None:
    needing = THOUGHTFUL.replace("{{ m.content }}", "{{ m.content + '' }}")
    lm = chat_lm("byte level", needing)
    assert "<call>add</call>" in prompt_of(lm, [USER, {"role": "assistant", "tool_calls": [CALL]}])


def test_tool_calls_that_the_template_leaves_out_are_told() -> None:
    lm = chat_lm("byte level", CHATML.template)
    chat = [USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "content": "4"}]
    with pytest.warns(UserWarning, match=r"prompt\[1\]: the chat template shows nothing of its 't"):
        lm.encode(chat)


def test_keywords_reach_the_template() -> None:
    lm = chat_lm("byte level", THOUGHTFUL)
    assert prompt_of(lm, [USER], enable_thinking=False).endswith("<think></think>")
    assert '"name": "add"' in prompt_of(lm, [USER], tools=[TOOL])
    own = prompt_of(lm, [USER], chat_template="{{ mood }}: {{ messages[0].content }}", mood="glad")
    assert own == "glad: What is 2 + 2?"
    keywords: dict[str, Any] = {"enable_thinking": False}
    trace = lm.generate([USER], max_new_tokens=1, **keywords)
    assert trace.prompt[-1].text == "</think>" and trace.prompt_roles is not None


def test_keywords_of_many_templates_are_told_where_they_change_nothing() -> None:
    lm = chat_lm("byte level", "{{ messages[0].content }}")
    with pytest.warns(UserWarning, match="enable_thinking: .* changes nothing"):
        assert prompt_of(lm, [USER], enable_thinking=False) == USER["content"]


@pytest.mark.parametrize("method", ["generate", "score", "attribute", "encode", "estimate"])
def test_keywords_that_nobody_knows_are_refused_with_what_there_is(method: str) -> None:
    lm = chat_lm("byte level", THOUGHTFUL)
    calls: dict[str, Any] = {
        "generate": lambda prompt, **k: lm.generate(prompt, **k),
        "score": lambda prompt, **k: lm.score(" x", prompt=prompt, **k),
        "attribute": lambda prompt, **k: lm.attribute(prompt, " x", method="occlusion", **k),
        "encode": lambda prompt, **k: lm.encode(prompt, **k),
        "estimate": lambda prompt, **k: lm.estimate(prompt, " x", method="occlusion", **k),
    }
    call = calls[method]
    with pytest.raises(
        TypeError, match="no option 'enable_thinkin'; did you mean 'enable_thinking'"
    ):
        call([USER], enable_thinkin=False)
    with pytest.raises(TypeError, match=r"no option 'zzz'; known options: .*add_generation_prompt"):
        call([USER], zzz=1)
    with pytest.raises(TypeError, match=r"zzz.* template of .* reads enable_thinking$"):
        call([USER], zzz=1)
    with pytest.raises(TypeError, match=r"enable_thinking.*only go with chat messages"):
        call("text", enable_thinking=False)
    with pytest.raises(ValueError, match="tools: only chat messages go through a chat template"):
        call("text", tools=[TOOL])
    with pytest.raises(ValueError, match=r"documents: the chat template of .* does not read them"):
        call([USER], documents=[{"title": "a", "text": "b"}])


def test_a_templates_refusal_names_the_message_and_gives_its_words() -> None:
    lm = chat_lm("byte level", LLAMA_2.template)
    with pytest.raises(ValueError, match=r"prompt\[1\]: the chat template refuses this message "
                       r"\(role 'user'\): Conversation roles must alternate"):  # fmt: skip
        lm.generate([USER, USER, USER])
    with pytest.raises(ValueError, match=r"prompt\[1\]\[1\]: the chat template refuses"):
        lm.generate([[USER], [USER, USER]])
    broken: dict[str, Any] = {"chat_template": "{% for m in messages %}"}
    with pytest.raises(ValueError, match="chat_template: no valid template, line 1: Unexpected en"):
        lm.generate([USER], **broken)
    raising: dict[str, Any] = {"chat_template": "{{ messages[0].content + 1 }}"}
    with pytest.raises(ValueError, match=r'refuses .*: can only concatenate str \(not "int"\)'):
        lm.generate([USER], **raising)


def test_score_of_a_chat_is_its_last_message_given_the_others() -> None:
    lm = chat_lm("byte level", CHATML.template)
    answer = {"role": "assistant", "content": "The cat sat"}
    trace = lm.score([USER, answer])
    assert trace.text == "The cat sat"
    same = lm.score("The cat sat", prompt=[USER])
    np.testing.assert_allclose(trace.logprobs, same.logprobs, atol=1e-5)
    assert trace.prompt == same.prompt
    several = lm.score([[USER, answer], [USER]])
    assert [one.text for one in several] == ["The cat sat", "What is 2 + 2?"]
    with pytest.raises(ValueError, match="prompt: a chat brings its own"):
        lm.score([USER, answer], prompt="x")
    with pytest.raises(ValueError, match=r"text\[1\]: the chat template shows nothing of what the"):
        lm.score([USER, {"role": "assistant", "content": ""}])


@pytest.mark.parametrize("way", ["as made", "npz", "json", "wire", "live", "score"])
def test_a_chats_trace_keeps_roles_and_turns(way: str, tmp_path: Path) -> None:
    lm = chat_lm("byte level", CHATML.template)
    chat = say(("system", "Be brief"), ("user", "Hi there"))
    trace = lm.generate(chat, max_new_tokens=2)
    if way in ("npz", "json"):
        loaded = tv.load(trace.save(tmp_path / f"trace.{way}"))
        assert loaded == trace
        trace = loaded  # type: ignore[assignment]
    elif way == "wire":
        trace = decode_trace(encode_trace(trace))
    elif way == "live":
        trace = lm.generate(chat, max_new_tokens=2, stream=True).wait()
    elif way == "score":
        ids = [token.id for token in trace.tokens if token.id is not None]
        trace = lm.score(ids, prompt=chat)
    direct = lm.generate(chat, max_new_tokens=2)
    ids = [token.id for token in direct.tokens if token.id is not None]
    for options in ({"grouping": "turn"}, {"roles": "user"}, {"roles": ["system", "template"]}):
        keywords: dict[str, Any] = {"method": "occlusion", **options}
        of_trace = lm.attribute(trace, **keywords)
        of_chat = lm.attribute(chat, continuation=ids, **keywords)
        np.testing.assert_array_equal(of_trace.values, of_chat.values)
        assert of_trace.tokens == of_chat.tokens and of_trace.roles == of_chat.roles
    assert lm.attribute(trace, method="occlusion").roles == direct.prompt_roles


def test_a_trace_of_text_has_no_roles() -> None:
    lm = chat_lm("byte level", CHATML.template)
    trace = lm.generate("Hi", max_new_tokens=1)
    assert trace.prompt_roles is None and "prompt" not in encode_trace(trace)
    with pytest.raises(ValueError, match="roles: only a prompt of chat messages has roles"):
        lm.attribute(trace, method="occlusion", roles="user")
    with pytest.raises(ValueError, match=r"continue_final_message: only chat messages"):
        lm.attribute(trace, method="occlusion", continue_final_message=True)


def test_named_templates_of_a_tokenizer() -> None:
    lm = chat_lm("byte level", CHATML.template)
    tokenizer = deepcopy(lm.tokenizer)
    tokenizer.chat_template = {"default": CHATML.template, "tool_use": THOUGHTFUL}
    several = LanguageModel(random_model("llama"), tokenizer)
    assert prompt_of(several, [USER]).startswith("<|im_start|>")
    assert prompt_of(several, [USER], chat_template="tool_use").startswith("<s>user")
    assert prompt_of(several, [USER], tools=[TOOL]).startswith("Tools:")


def test_variables_that_a_template_makes_itself_are_no_keywords() -> None:
    template = (
        "{% if messages[0].role == 'system' %}{% set first = 'a' %}{% endif %}"
        "{% if not day is defined %}{% set day = 'Monday' %}{% endif %}"
        "{% set mood = mood | default('x') %}"
        "{{ day }}{{ first }}{{ mood }}{% for m in messages %}{{ m.content }}{% endfor %}"
    )
    lm = chat_lm("byte level", template)
    assert prompt_of(lm, [USER], day="Tuesday", mood="!").startswith("Tuesday!What")
    with pytest.raises(TypeError, match=r"no option 'first'.* reads day, mood$"):
        lm.encode([USER], first="b")


def test_a_generation_block_changes_nothing() -> None:
    inside = "{% generation %}{{ m.content }}{{ mark }}{% endgeneration %}"
    lm = chat_lm("byte level", f"{{% for m in messages %}}{inside}{{% endfor %}}")
    assert prompt_of(lm, [USER], mark="!") == "What is 2 + 2?!"
