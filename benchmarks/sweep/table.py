"""The table of what was found, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.sweep.checks import CHECKS, METHODS, ROUNDING

__all__ = ["markdown", "written_into", "wrong"]

Found = Mapping[str, Any]

_BEGIN, _END = "<!-- sweep -->", "<!-- /sweep -->"


def markdown(results: Sequence[Found], left_out: Mapping[str, str]) -> str:
    """A row for each architecture, and below it what was refused, in the words that came.

    Parameters
    ----------
    results
        What :func:`~benchmarks.sweep.checks.check` gave for each.
    left_out
        Architectures of which no model is built, and why.
    """
    notes = _Notes()
    parts = []
    for dtype in sorted({one["dtype"] for one in results}, reverse=True):
        own = sorted(
            (one for one in results if one["dtype"] == dtype), key=lambda one: one["architecture"]
        )
        header = ["architecture", "class", "path", *CHECKS]
        lines = [
            f"**{dtype}**: {_summary(own)}",
            "",
            _row(header),
            _row(["---", "---", "---", *["---:"] * len(CHECKS)]),
            *(_row(_cells(one, notes)) for one in own),
        ]
        parts.append("\n".join(lines))
    parts.append("\n".join(f"{number}. {text}" for text, number in notes.numbers.items()))
    if left_out:
        names = "; ".join(f"{name} ({why})" for name, why in sorted(left_out.items()))
        parts.append(f"Left out: {names}.")
    return "\n\n".join(part for part in parts if part) + "\n"


def written_into(document: str, table: str) -> str:
    """A document with the table between its marks."""
    before, _, rest = document.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{table}{_END}{after}"


def wrong(found: Found) -> list[str]:
    """The checks of an architecture that came out neither right nor refused."""
    if "class" not in found or "refused" in found:
        return []
    return [name for name in CHECKS if not _is_right(found, name)]


class _Notes:
    """Texts that several cells share, numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        return f"({self.numbers.setdefault(text, len(self.numbers) + 1)})"


def _summary(results: Sequence[Found]) -> str:
    built = [one for one in results if "class" in one]
    refused = [one for one in built if "refused" in one or isinstance(one["generate"], str)]
    exact = [one for one in built if one not in refused and not wrong(one)]
    all_methods = [one for one in exact if all(isinstance(one[m], float) for m in METHODS[:-1])]
    return (
        f"{len(built)} architectures. {len(exact)} generate the model's own text and give the "
        f"log-probabilities of its forward pass, {len(all_methods)} of them all attributions but "
        f"perhaps rollout; {len(refused)} are refused; "
        f"{len(built) - len(exact) - len(refused)} differ."
    )


def _cells(found: Found, notes: _Notes) -> list[str]:
    name = f"`{found['architecture']}`"
    if "class" not in found:
        return [name, notes(found["not built"]), *[""] * (1 + len(CHECKS))]
    kind: str = found["class"]
    if "refused" in found:
        return [name, kind, "", *[notes(_words(found["refused"], kind))] * len(CHECKS)]
    path = found["path"] + "".join(notes(_words(text, kind)) for text in found["warnings"])
    return [name, kind, path, *(_cell(found, check, notes) for check in CHECKS)]


def _cell(found: Found, check: str, notes: _Notes) -> str:
    value = found[check]
    if isinstance(value, str):
        return notes(_words(value, found["class"]))
    text = f"{value:.0e}" if value else "0"
    if check == "generate":
        text = "=" if not value else f"{value:.0f} differ"
        if not found["own cache"]:
            text += " " + notes("the model's own text without its cache: with it, it is another")
    return text if _is_right(found, check) else f"**{text}**"


def _is_right(found: Found, check: str) -> bool:
    value = found[check]
    if isinstance(value, str):
        return value.startswith(("refused", "not compared"))
    if check == "generate" or found["dtype"] == "float32":
        return bool(value <= (0 if check == "generate" else ROUNDING))
    return True  # what 16 bits round is stated, not judged


def _words(text: str, kind: str) -> str:
    return text.replace(kind, "…").replace("|", "\\|")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
