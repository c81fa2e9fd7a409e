"""Text that tells nothing, for a needle to be lost in: sentences made of parts, the same each time.

They name no person, colour, number or place that a prompt asks for.
"""

from __future__ import annotations

import random

__all__ = ["filler"]

_SENTENCES = (
    "The {thing} by the {place} was {state} again this {time}.",
    "Nobody had moved the {thing} since last {time}, and it stood {where}.",
    "A little rain fell on the {place}, but it was dry by {time}.",
    "We walked past the {place} and talked about the {thing}.",
    "It is said that every {thing} looks better {where}.",
    "In the {time} the {place} is quiet, and that suits most of us.",
    "Somebody should mend the {thing}, which has been {state} for a while.",
    "There was a smell of {smell} near the {place}.",
    "The wind came up in the {time} and rattled the {thing}.",
    "They had meant to paint the {place}, but the weather turned.",
    "One could hear the {thing} from {where}, though only just.",
    "The {place} was {state}, and so was the {thing} inside it.",
    "Most people here like {smell}, and a few like nothing else.",
    "By {time} the {thing} had been put back where it belongs.",
    "Whoever built the {place} must have thought about the {thing}.",
    "On the way home we saw a {thing}, {state} as ever, {where}.",
)
_PARTS = {
    "thing": "bench, ladder, kettle, gate, barrel, lantern, cart, basket, clock, chimney, stove, "
    "fence, bucket, drawer, curtain, hammer, teapot, wheelbarrow",
    "place": "orchard, station, mill, harbour, bakery, library, stable, market, chapel, pond, "
    "workshop, meadow, kitchen, courtyard",
    "state": "empty, crooked, dusty, open, damp, spotless, noisy, locked, tidy, worn",
    "time": "morning, evening, autumn, winter, afternoon, spring, night, summer",
    "smell": "bread, wood, smoke, coffee, hay, soap, apples, rain",
    "where": "under the old roof, behind the wall, at the far end, in the shade, near the door, "
    "beside the path, across the yard",
}


def filler(words: int, seed: int) -> str:
    """Sentences of at least so many words together."""
    rng = random.Random(seed)
    sentences: list[str] = []
    count = 0
    while count < words:
        parts = {name: rng.choice(choices.split(", ")) for name, choices in _PARTS.items()}
        sentences.append(rng.choice(_SENTENCES).format(**parts))
        count += len(sentences[-1].split())
    return " ".join(sentences)
