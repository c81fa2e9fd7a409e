"""Text that goes on after a prompt, and prompts that begin as models have read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tokenizers import normalizers, processors

from tests.model.small import (
    byte_level_tokenizer,
    random_lm,
    random_model,
    sentencepiece_tokenizer,
)
from tokenviz.model.language_model import LanguageModel
from tokenviz.model.loading import load_model
from tokenviz.model.text.continuing import encode_typed


def a_lm(tokenizer: Any) -> LanguageModel:
    return LanguageModel(random_model("llama", vocab_size=len(tokenizer) + 5), tokenizer)


def ending_with_eos() -> Any:
    """A tokenizer that puts BOS before a text and EOS after it."""
    tokenizer = byte_level_tokenizer.__wrapped__(bos=True)
    ids = [(name, tokenizer.convert_tokens_to_ids(name)) for name in ("<s>", "</s>")]
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=ids
    )
    return tokenizer


TOKENIZERS: dict[str, Callable[[], Any]] = {
    "byte level": byte_level_tokenizer,
    "a space before every text": lambda: sentencepiece_tokenizer(bos=True),
}
TEXTS = [" mat", "mat", " the mat.", ".", "\n", "  x", " 😀", "東京", "’s"]


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("text", TEXTS)
def test_the_tokens_of_a_target_are_its_characters(kind: str, text: str) -> None:
    lm = a_lm(TOKENIZERS[kind]())
    prompt = "The cat sat on"
    whole = lm.tokenizer(prompt + text)["input_ids"]
    begun = len(lm.encode(prompt))
    joins = lm.tokenizer(prompt)["input_ids"] != whole[:begun]
    if joins:
        with pytest.warns(UserWarning, match="as one token"):
            scored = lm.score(text, prompt=prompt)
    else:
        scored = lm.score(text, prompt=prompt)
        assert [token.id for token in scored.tokens] == whole[begun:]
    assert b"".join(token.bytes for token in scored.tokens) == text.encode()


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_attribute_asks_for_the_same_tokens(kind: str) -> None:
    lm = a_lm(TOKENIZERS[kind]())
    prompt = "The cat sat on"
    ids = [token.id for token in lm.score(" the mat", prompt=prompt).tokens]
    for found in (
        lm.attribute(prompt, " the mat", method="occlusion"),
        lm.attribute(prompt, continuation=" the mat", method="occlusion"),
    ):
        assert found.terms is not None
        assert list(found.terms[-1][0][1]) == ids


def test_a_cut_through_a_token_is_told() -> None:
    lm = random_lm()
    assert len(lm.tokenizer(" the")["input_ids"]) == 1
    with pytest.warns(UserWarning, match=r"targets\[0\]: the tokenizer writes the end of the prom"):
        lm.attribute("The cat sat on ", ["the"], method="occlusion")
    lm.attribute("The cat sat on", [" the"], method="occlusion")
    lm.attribute(lm.encode("The cat sat on"), [" the"], method="occlusion")


def test_a_prompt_does_not_end_with_what_ends_a_text() -> None:
    lm = a_lm(ending_with_eos())
    assert [token.text for token in lm.generate("The cat", max_new_tokens=1).prompt][:1] == ["<s>"]
    assert lm.encode("The cat").tolist() == lm.tokenizer("The cat")["input_ids"][:-1]
    scored = lm.score("The cat")
    assert scored.text == "The cat" and [t.text for t in scored.prompt] == ["<s>"]


def test_a_rendered_chat_has_one_beginning() -> None:
    lm = a_lm(byte_level_tokenizer(bos=True))
    bos = lm.tokenizer.bos_token_id
    ids = lm.encode("<s>user: hi</s>").tolist()
    assert ids[0] == bos and ids.count(bos) == 1
    assert lm.encode("user: hi").tolist()[0] == bos
    assert lm.encode("<s>").tolist() == [bos]


def test_ids_with_two_beginnings_stay_and_are_told() -> None:
    lm = a_lm(byte_level_tokenizer(bos=True))
    bos = lm.tokenizer.bos_token_id
    with pytest.warns(UserWarning, match=r"prompt: begins with BOS \(id \d+\) twice"):
        assert lm.encode([bos, bos, 7]).tolist() == [bos, bos, 7]


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("text", [*TEXTS, "the cat", "\r\n\tx ", "cafe\u0301"])
def test_what_is_typed_is_what_its_tokens_say(
    kind: str, text: str, recwarn: pytest.WarningsRecorder
) -> None:
    lm = a_lm(TOKENIZERS[kind]())
    tokens = lm.vocabulary.tokens(encode_typed(lm, text).tolist())
    assert b"".join(token.bytes for token in tokens) == text.encode()
    assert not any(token.special for token in tokens)
    assert not recwarn.list  # where it is typed is the user's to say


def test_the_bundled_model_can_be_typed_to() -> None:
    lm = load_model()
    tokens = lm.vocabulary.tokens(encode_typed(lm, " 1,462 😀").tolist())
    assert b"".join(token.bytes for token in tokens) == " 1,462 😀".encode()


def in_lower_case() -> Any:
    tokenizer = byte_level_tokenizer.__wrapped__()
    tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    return tokenizer


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("A b", ValueError, "text: the tokenizer has no tokens for 'A b'.*say 'a b'"),
        ("", ValueError, "text: expected text, got an empty string"),
        ("\ud800", ValueError, "text: .*lone surrogate"),
        ([5], TypeError, r"text: expected text, got list: \[5\]"),
    ],
)
def test_what_cannot_be_typed(text: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encode_typed(a_lm(in_lower_case()), text)
