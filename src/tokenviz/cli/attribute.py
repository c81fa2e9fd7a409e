"""``tokenviz attribute``: what of a prompt mattered to what a model gives for an answer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tokenviz.cli.generate import prompts_of
from tokenviz.cli.options import (
    Chat,
    Loading,
    Model,
    Output,
    Progress,
    System,
    Title,
    progress_of,
    without_none,
)
from tokenviz.cli.reading import Found
from tokenviz.cli.writing import emit, interrupted

__all__ = ["METHODS", "attribute"]

METHODS = (
    "removal", "integrated_gradients", "shapley", "occlusion", "input_x_gradient",
    "gradient_norm", "attention_rollout",
)  # fmt: skip
"""Written down, because help loads no model; a test holds it to those that there are."""

_OWN = "Of single methods"


def attribute(
    model: Model,
    prompt: Annotated[
        str,
        typer.Argument(
            metavar="PROMPT",
            help="A text; a file of a text or of chat messages; “-” for standard input.",
            show_default=False,
        ),
    ],
    targets: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="TEXT",
            help="What is explained: a continuation, its leading space included. Several give a "
            "column each.",
        ),
    ] = None,
    contrast: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="TEXT FOIL", help="Why the one rather than the other.", show_default=False
        ),
    ] = None,
    continuation: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Instead: a text, a column for each of its tokens."),
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help=f"{', '.join(METHODS)}; see “tokenviz methods”.")
    ] = "removal",
    output: Output = None,
    chat: Chat = False,
    system: System = None,
    score: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="logprob, probability, logit or log_odds."),
    ] = None,
    reduction: Annotated[
        str, typer.Option(metavar="NAME", help="Of a target's tokens: sum or mean.")
    ] = "sum",
    baseline: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What tokens are compared with: zero, mean, eos, pad, …"),
    ] = None,
    grouping: Annotated[
        str | None, typer.Option(metavar="NAME", help="word, sentence, line or turn.")
    ] = None,
    roles: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Of a chat, tokens of these only: user, system, assistant, …"
        ),
    ] = None,
    memory_budget: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Besides the model: “2 GiB”.")
    ] = None,
    time_budget: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="After which it ends with what it has; 0 for none."),
    ] = 60.0,
    title: Title = None,
    progress: Progress = None,
    passes: Annotated[
        int | None, typer.Option(metavar="N", help="removal: passes.", rich_help_panel=_OWN)
    ] = None,
    n_steps: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="integrated_gradients: the most nodes.", rich_help_panel=_OWN
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="integrated_gradients: how far a value may be off.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(metavar="N", help="occlusion: tokens together.", rich_help_panel=_OWN),
    ] = None,
    n_samples: Annotated[
        int | None, typer.Option(metavar="N", help="shapley: orders.", rich_help_panel=_OWN)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="shapley: of its draws.", rich_help_panel=_OWN)
    ] = None,
    loading: Loading = Loading(),  # noqa: B008 - frozen
) -> None:
    """Say what of a prompt speaks for an answer, token by token, or against it.

    Give --target, --contrast or --continuation. In a terminal the prompt stands on the colours of
    the figure; elsewhere it is a table with tabs between its columns.
    """
    if continuation is None and not targets and contrast is None:
        raise typer.BadParameter("expected --target, --contrast or --continuation")
    ((name, asked),) = _one(prompts_of([prompt], chat=chat, system=system))
    lm = loading.load(model)
    from tokenviz.model.attributing.asking.targets import Contrast

    columns: list[Any] = [*(targets or [])]
    if contrast is not None:
        columns.append(Contrast(*contrast))
    options = without_none(
        continuation=continuation, reduction=reduction, score=score, baseline=baseline,
        grouping=grouping, roles=roles or None, memory_budget=memory_budget,
        progress=progress_of(progress), passes=passes, n_steps=n_steps, tolerance=tolerance,
        window=window, n_samples=n_samples, seed=seed,
    )  # fmt: skip
    found = lm.attribute(
        asked, columns or None, method=method, time_budget=time_budget or None, **options,
    )  # fmt: skip
    answer = [Found(found, name)]
    emit(answer, output, title=title or name)
    interrupted(answer)


def _one(prompts: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    if len(prompts) != 1:
        raise ValueError(f"prompt: expected one, got {len(prompts)}")
    return prompts
