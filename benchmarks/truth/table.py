"""Tables of the truth section, one for each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.truth.removal import WAYS

__all__ = ["markdown"]

Row = Mapping[str, Any]

_EXPLANATION = (
    "Prompts of which it is known what decides the answer (`benchmarks/prompts/`; of the bundled "
    "model, digits of worked multiplications, `benchmarks/multiplication.py`), as far as a model "
    "may be asked them: it gives the answer, and another one when the deciding words are "
    "exchanged. Every method ranks the tokens of the prompt for the answer's first token, largest "
    "value first; a token that the tokenizer puts before every text is not ranked, and stays.\n\n"
    "*Precision* is the share of deciding tokens among as many first ones. *Insertion − deletion* "
    "is by how much the answer is more probable while tokens are put back than while they are "
    "taken away, first ones first, in the mean over the share of tokens; tokens are taken away in "
    "three ways: left out (*removed*), replaced by a space (*neutral*), and by tokens that the "
    "model finds likely in their place (*likely*). *Nats* is the same of its log-probability. "
    "Everyone explains the model in float32; what tokens do is judged by the model in the dtype "
    "that it loads in. *Sign* is the share of deciding tokens whose value is larger for the answer "
    "than for the one that it would be exchanged for (of every second prompt, and of methods that "
    "are asked all). *Passes* are token positions, forth and back, divided by the prompt's; "
    "*seconds* are of CPU time. In "
    "brackets are 95 % intervals of the bootstrap over prompts; *behind* is by how much a row is "
    "worse than tokenviz's default on the same prompts, and in bold where the interval of that is "
    "above zero (of five prompts or more). A method that takes long is asked every fourth or "
    "eighth prompt: of so few only *behind* means anything, and that little. Another seed draws "
    "other prompts."
)

_FEW = 5  # prompts: of fewer no interval is drawn bold

_MEANING = (
    "What to take from it: whoever asks what an answer *hangs on* wants what decides to come "
    "first, and that is precision; there tokenviz's default leads on each of these models, with "
    "either seed, among all that are asked every prompt. Insertion − deletion asks besides for all "
    "that holds the text together. Leaving tokens out or replacing them, one at a time, is good at "
    "that by construction, whatever it ranks first; the default is level with the best of these on "
    "Gemma and the bundled model, and a little behind them on Qwen. Methods that need one backward "
    "pass are a few times cheaper, and which of them is good changes from model to model."
)


def markdown(models: Sequence[Row]) -> str:
    """What was asked, and a table for each model."""
    return "\n\n".join([_EXPLANATION, _MEANING, *(_of_model(model) for model in models)])


def _of_model(model: Row) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in model["of each kind"].items())
    head = ["", "prompts", "precision", "behind", "insertion − deletion", "behind",
            *WAYS, "nats", "sign", "passes", "seconds"]  # fmt: skip
    lines = [
        head,
        ["---", *["---:"] * (len(head) - 1)],
        *(_cells(row) for row in model["rows"] if row["answered"]),
    ]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    failed = [_name(row) for row in model["rows"] if not row["answered"]]
    first = next((row["errors"][0] for row in model["rows"] if not row["answered"]), "")
    unable = (
        f"\n\nCould not be asked: {'; '.join(failed)} (of the first: {first})." if failed else ""
    )
    return (
        f"### {model['model']}, seed {model['seed']}\n\n{model['prompts']} prompts ({kinds}) of "
        f"{model['tokens']:.0f} tokens in the mean.\n\n{table}{unable}"
    )


def _cells(row: Row) -> list[str]:
    return [
        _name(row),
        str(row["answered"]),
        _interval(row["precision"]),
        _behind(row, "precision"),
        _interval(row["gap"]),
        _behind(row, "gap"),
        *(f"{row[f'gap, {way}'][0]:.2f}" for way in WAYS),
        f"{row['nats'][0]:.1f}",
        f"{row['sign'][0]:.2f}" if "sign" in row else "–",
        f"{row['passes'][0]:.1f}",
        f"{row['seconds'][0]:.2f}",
    ]


def _name(row: Row) -> str:
    aside = "" if row["setting"] == "default" else f", {row['setting']}"
    return f"{row['library']}: {row['method']}{aside}"


def _interval(found: Sequence[float]) -> str:
    mean, low, high = found
    return f"{mean:.2f} ({low:.2f} – {high:.2f})"


def _behind(row: Row, score: str) -> str:
    found = row.get(f"behind in {score}")
    if found is None:
        return ""
    text = _interval(found)
    return f"**{text}**" if found[1] > 0 and row["answered"] >= _FEW else text
