"""Tokens of a tokenizer: exact bytes, and never a trace of how the vocabulary spells them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from tests.model.small import (
    CORPUS,
    SPECIAL,
    byte_level_tokenizer,
    fast_tokenizer,
    sentencepiece_tokenizer,
)
from tokenviz.data.tokens import Token, labels
from tokenviz.model.text.vocabulary import Vocabulary

# Special tokens in the text are not the subject here, and ▁ is a space to SentencePiece.
any_text = st.text().filter(lambda text: not any(special in text for special in SPECIAL))


def joined(tokenizer: Any, text: str) -> bytes:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return b"".join(token.bytes for token in Vocabulary(tokenizer).tokens(ids))


@given(any_text)
@settings(max_examples=200, deadline=None)
def test_byte_level_bytes_are_the_text(text: str) -> None:
    assert joined(byte_level_tokenizer(), text) == text.encode()


@given(any_text.filter(lambda text: text and "▁" not in text))
@settings(max_examples=200, deadline=None)
def test_sentencepiece_bytes_are_the_text_after_one_space(text: str) -> None:
    expected = text.encode() if text.startswith(" ") else b" " + text.encode()
    assert joined(sentencepiece_tokenizer(), text) == expected


@pytest.mark.parametrize("make", [byte_level_tokenizer, sentencepiece_tokenizer])
def test_no_spelling_is_shown(make: Any) -> None:
    tokenizer = make()
    shown = " ".join(labels(Vocabulary(tokenizer).tokens(range(len(tokenizer)))))
    assert not set(shown) & set("ĠĊ▁") and "<0x" not in shown


def test_every_byte_has_a_token_in_both_families() -> None:
    for tokenizer in (byte_level_tokenizer(), sentencepiece_tokenizer()):
        tokens = Vocabulary(tokenizer).tokens(range(len(tokenizer)))
        assert {bytes([byte]) for byte in range(256)} <= {token.bytes for token in tokens}


def test_a_real_g_with_dot_is_kept() -> None:
    assert joined(byte_level_tokenizer(), "Ġaqq Ċ") == "Ġaqq Ċ".encode()


def test_special_tokens_are_themselves() -> None:
    tokenizer = byte_level_tokenizer()
    vocabulary = Vocabulary(tokenizer)
    ids = tokenizer("<think>4</think>")["input_ids"]
    assert vocabulary.tokens(ids) == [
        Token("<think>", id=3, special=True),
        Token("4", id=ids[1]),
        Token("</think>", id=4, special=True),
    ]


def test_added_tokens_are_not_unspelled_and_tags_of_the_chat_template_are_special() -> None:
    tokenizer = fast_tokenizer(
        tokenizer_object=Tokenizer.from_str(byte_level_tokenizer().backend_tokenizer.to_str()),
        chat_template="<tool>{{ messages }}",
    )
    tokenizer.add_tokens(["<tool>", "<table>", "Ġ▁", "\n\n\n"])
    tokens = Vocabulary(tokenizer).tokens(range(len(tokenizer) - 4, len(tokenizer)))
    assert [(token.text, token.special) for token in tokens] == [
        ("<tool>", True),
        ("<table>", False),
        ("Ġ▁", False),
        ("\n\n\n", False),
    ]


def test_an_id_without_a_piece_names_itself() -> None:
    assert Vocabulary(byte_level_tokenizer())[10_000] == Token(
        "<id 10000>", id=10_000, special=True
    )


def test_llama_decoder_with_the_space_in_the_normalizer() -> None:
    description = json.loads(sentencepiece_tokenizer().backend_tokenizer.to_str())
    description["pre_tokenizer"] = None
    backend = Tokenizer.from_str(json.dumps(description))
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    tokenizer = fast_tokenizer(tokenizer_object=backend)
    assert joined(tokenizer, "to be 😀") == " to be 😀".encode()


def test_byte_level_pre_tokenizer_without_a_decoder() -> None:
    backend = Tokenizer.from_str(byte_level_tokenizer().backend_tokenizer.to_str())
    description = json.loads(backend.to_str()) | {"decoder": None}
    tokenizer = fast_tokenizer(tokenizer_object=Tokenizer.from_str(json.dumps(description)))
    assert joined(tokenizer, "the cat\n") == b"the cat\n"


def _trained(model: Any, trainer: Any, decoder: Any, pre_tokenizer: Any) -> Any:
    backend = Tokenizer(model)
    backend.pre_tokenizer = pre_tokenizer
    backend.decoder = decoder
    backend.train_from_iterator(CORPUS, trainer)
    return fast_tokenizer(tokenizer_object=backend, unk_token="<unk>")


@pytest.mark.parametrize("family", ["wordpiece", "suffix", "unigram", "words"])
def test_families_without_bytes_show_readable_text(family: str) -> None:
    options: dict[str, Any] = {
        "vocab_size": 200,
        "special_tokens": ["<unk>"],
        "show_progress": False,
    }
    whitespace = pre_tokenizers.WhitespaceSplit()
    families: dict[str, Any] = {
        "wordpiece": lambda: (
            _trained(
                models.WordPiece(unk_token="<unk>"),
                trainers.WordPieceTrainer(**options),
                decoders.WordPiece(),
                whitespace,
            ),
            b" The cat sat",
        ),
        "suffix": lambda: (
            _trained(
                models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"),
                trainers.BpeTrainer(end_of_word_suffix="</w>", **options),
                decoders.BPEDecoder("</w>"),
                whitespace,
            ),
            b"The cat sat ",
        ),
        "unigram": lambda: (
            _trained(
                models.Unigram(),
                trainers.UnigramTrainer(unk_token="<unk>", **options),
                decoders.Metaspace(),
                pre_tokenizers.Metaspace(),
            ),
            b" The cat sat",
        ),
        "words": lambda: (
            _trained(
                models.WordLevel(unk_token="<unk>"),
                trainers.WordLevelTrainer(**options),
                None,
                whitespace,
            ),
            b"Thecatsat",
        ),
    }
    tokenizer, expected = families[family]()
    assert joined(tokenizer, "The cat sat") == expected


def test_slow_tokenizers() -> None:
    def slow(pieces: list[Any], **attributes: Any) -> Vocabulary:
        return Vocabulary(
            SimpleNamespace(
                all_special_ids=[0], convert_ids_to_tokens=pieces.__getitem__, **attributes
            )
        )

    byte_level = slow(["<s>", "Ġthe", "ð", "Ċ"], byte_decoder={"Ġ": 32})
    assert [t.bytes for t in byte_level.tokens(range(4))] == [b"<s>", b" the", b"\xf0", b"\n"]
    assert byte_level[0].special and not byte_level[1].special
    sentencepiece = slow(["<s>", "▁the", "<0xF0>"], sp_model=object())
    assert [t.bytes for t in sentencepiece.tokens(range(3))] == [b"<s>", b" the", b"\xf0"]
    raw = slow([b"<s>", b"\xff the"], convert_tokens_to_string="".join)
    assert raw[1].bytes == b"\xff the"
    other = slow(["<s>", "the"], convert_tokens_to_string=lambda pieces: pieces[0].upper())
    assert other[1].text == "THE"
    assert other[7] == Token("<id 7>", id=7, special=True)
