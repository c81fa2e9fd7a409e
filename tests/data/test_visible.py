"""Odd characters in a label: kept where they are seen or do something, written out elsewhere."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenviz.data.tokens import Token, visible
from tokenviz.data.visible import _at_once, _one_by_one, printable

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "kept",
    [
        "👩\u200d👧",
        "👩🏽\u200d🚀",
        "🏳\ufe0f\u200d🌈",
        "❤\ufe0f\u200d🔥",
        "🧑\u200d⚕\ufe0f",
        "1\ufe0f\u20e3",
        "❤\ufe0e",
        "葛\U000e0100",
        ENGLAND,
        "می\u200cخواهم",
        "क्\u200dष",
        "e\u0301\u0323",
        "שלום",
        "\u0600\u0661",
    ],
)
def test_what_acts_on_its_neighbours_stays(kept: str) -> None:
    assert visible(kept) == kept


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("\ufe0f", "\\ufe0f"),  # a variation selector alone would be drawn as nothing
        ("\ufe0e", "\\ufe0e"),
        ("\U000e0100", "\\U000e0100"),
        (" \ufe0f", "␣\\ufe0f"),
        ("a\ufe0f", "a\\ufe0f"),
        ("\u200b\ufe0f", "\\u200b\\ufe0f"),
        ("\ufe0f\u200d♀", "\\ufe0f\u200d♀"),
        ("\u200d♀", "\\u200d♀"),
        ("👩\u200d", "👩\\u200d"),
        ("é\u200dé", "é\\u200dé"),
        ("é\u200cé", "é\\u200cé"),
        ("\n\u0301", "\\n◌\u0301"),
        ("\u200b\u0301", "\\u200b◌\u0301"),  # the mark would sit on the escape's last letter
        ("\u0301\u0302", "◌\u0301\u0302"),
        ("\u0483", "◌\u0483"),
        ("\u20dd", "◌\u20dd"),
        ("\U000e0067", "\\U000e0067"),
        (ENGLAND[:-1], "\U0001f3f4" + "".join(f"\\U{ord(c):08x}" for c in ENGLAND[1:-1])),
        ("\ufeff", "\\ufeff"),
        ("\xad", "\\xad"),
        ("\x00\x07\x7f", "\\x00\\x07\\x7f"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("\u202e", "\\u202e"),
        ("\u3000", "\\u3000"),
    ],
)
def test_what_would_be_drawn_as_nothing_is_written_out(text: str, label: str) -> None:
    assert visible(text) == label


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_text_only_has_its_spaces_replaced(text: str) -> None:
    if text.isprintable():
        assert visible(text) == text.replace(" ", "␣")


@given(
    st.text(st.sampled_from("a1é👩❤ش\u094d\u0301\u200d\u200c\ufe0f\u200b \n\U000e0067\U0001f3f4"))
)
def test_no_mark_stands_on_what_it_does_not_belong_to(text: str) -> None:
    label = visible(text)
    assert unicodedata.category(label[:1] or "a") not in {"Mn", "Mc", "Me"}
    # Escapes are ASCII and end in a hexadecimal digit; no selector or mark follows one.
    for escape in ("\\u200b", "\\ufe0f", "\\n", "\\u200d", "\\u200c", "␣"):
        for mark in ("\u0301", "\u094d", "\ufe0f"):
            assert escape + mark not in label


ODD = "a é1#*\n\t\x00\u200b\u200c\u200d\ufe0f\ufe0e\u0301\u093f\u0915\u094d\u0628"
ODD += "👩👧🏽❤🏴\u20e3↔\u2800\u0600\ud800"
ODD += "\U000e0067\U000e007f\u180b\u3164漢"


@given(st.text(st.sampled_from(ODD), max_size=40) | st.text(max_size=20) | st.just(ENGLAND * 3))
def test_long_texts_are_written_as_short_ones_are(text: str) -> None:
    assert _at_once(text) == _one_by_one(text)


@pytest.mark.parametrize(
    "text",
    ["a", " ", "é", "\u200b", "a\n", "हिन्दी ", "👩\u200d👧", "\u0301", "\ufe0f", "漢字", "\x00"],
)
def test_a_label_costs_what_its_length_is(text: str) -> None:
    def seconds(length: int) -> float:
        token = Token(text * (length // len(text)))
        began = time.process_time()
        assert len(token.label) >= length // len(text)
        return time.process_time() - began

    seconds(1000)  # what is imported, and looked up once
    assert seconds(300_000) < 0.5  # a tenth of it, on a machine at rest


@pytest.mark.parametrize("octets", [b"\xff", b"\xffa", b"\xf0\x9f"])
def test_a_label_of_damaged_bytes_does_too(octets: bytes) -> None:
    began = time.process_time()
    label = Token(octets * 100_000).label
    assert time.process_time() - began < 1.5 and label.startswith("⟨F")


def test_what_no_file_may_hold_is_written_as_its_escape() -> None:
    assert printable("a\x00\n\t\x1b\ud800\uffff\x85é$") == r"a\x00" + "\n\t" + (
        r"\x1b\ud800\uffff\x85" + "é$"
    )
