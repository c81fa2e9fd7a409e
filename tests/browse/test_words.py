"""What of a row is shown, where words were looked for."""

import pytest

from tokenviz.browse.words import found

FAR = "so " * 20 + "the water is far"


@pytest.mark.parametrize(
    ("text", "words", "prompt", "expected"),
    [
        (None, "water", None, None),
        ("close to the water", "water", None, "close to the water"),
        (FAR, "", None, FAR),
        (FAR, "WATER", "water", "…so so so so the water is far"),
        (FAR, "(", "none", FAR),
        ("😀" * 30 + "water", "water", None, "…" + "😀" * 16 + "water"),
        ("wine", "water", "the Water", "prompt: the Water"),
        (None, "water", FAR, "prompt: …so so so so the water is far"),
    ],
)
def test_it_is_where_they_can_be_seen(
    text: str | None, words: str, prompt: str | None, expected: str | None
) -> None:
    assert found(text, words, prompt) == expected
