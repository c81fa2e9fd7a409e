"""Where in a row's text the words stand that were looked for."""

import pytest

from tokenviz.browse.words import around

FAR = "so " * 20 + "the water is far"


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        (None, "water", None),
        ("close to the water", "water", "close to the water"),
        (FAR, "", FAR),
        (FAR, "WATER", "…so so so so the water is far"),
        (FAR, "(", FAR),
        ("😀" * 30 + "water", "water", "…" + "😀" * 16 + "water"),
    ],
)
def test_they_are_brought_to_where_they_can_be_seen(
    text: str | None, words: str, expected: str | None
) -> None:
    assert around(text, words) == expected
