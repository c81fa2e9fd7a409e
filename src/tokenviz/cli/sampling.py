"""Options of a text that a model writes: how long it is, and how its tokens are chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from tokenviz.cli.options import without_none

__all__ = ["Sampling"]

_CHOICE = "How tokens are chosen"


@dataclass(frozen=True)
class Sampling:
    """What ``generate`` and ``explore`` take for it."""

    max_new_tokens: Annotated[int, typer.Option(metavar="N", help="Stop after so many tokens.")] = (
        128
    )
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A text that ends it; may be given several times."),
    ] = None
    do_sample: Annotated[
        bool | None,
        typer.Option(
            "--do-sample/--no-do-sample",
            help="Draw tokens, or take the most probable. By default drawn with a --temperature.",
            show_default=False,
            rich_help_panel=_CHOICE,
        ),
    ] = None
    temperature: Annotated[
        float | None,
        typer.Option(metavar="T", help="Divides the logits; 0 is greedy.", rich_help_panel=_CHOICE),
    ] = None
    sampling_top_k: Annotated[
        int | None,
        typer.Option(metavar="N", help="Draw from so many only.", rich_help_panel=_CHOICE),
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option(
            metavar="P", help="Draw from the fewest that reach this.", rich_help_panel=_CHOICE
        ),
    ] = None
    min_p: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Draw from those at least so probable, as a share of the most probable.",
            rich_help_panel=_CHOICE,
        ),
    ] = None
    typical_p: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Draw from those whose surprisal is nearest to the entropy, until they reach "
            "this.",
            rich_help_panel=_CHOICE,
        ),
    ] = None
    repetition_penalty: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Above 1, makes what occurred less probable.", rich_help_panel=_CHOICE
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="Makes draws repeatable.", rich_help_panel=_CHOICE),
    ] = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that the library is told of."""
        return without_none(**{**asdict(self), "stop": self.stop or None})
