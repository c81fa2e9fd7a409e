"""``tokenviz generate``: what a model writes after a prompt, and what else it considered."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tokenviz.cli.making import check_for_folder, made_in
from tokenviz.cli.options import (
    Channel,
    Chat,
    Loading,
    Model,
    Progress,
    SetOutput,
    System,
    Title,
    TopK,
    as_prompt,
    progress_of,
    without_none,
)
from tokenviz.cli.reading import STDIN, Found, Row, is_file, rows_of
from tokenviz.cli.sampling import Sampling
from tokenviz.cli.writing import emit, interrupted, is_folder

if TYPE_CHECKING:
    from tokenviz.data.trace import Trace

__all__ = ["Prompts", "generate", "prompts_of"]

Prompts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PROMPT",
        help="Texts, or files: of a text, of chat messages or of rows (.json, .jsonl, .parquet) "
        "with prompt or messages; “-”, or nothing, for standard input.",
        show_default=False,
    ),
]


def generate(
    model: Model,
    prompt: Prompts = None,
    output: SetOutput = None,
    chat: Chat = False,
    system: System = None,
    top_k: TopK = 5,
    channel: Channel = None,
    title: Title = None,
    progress: Progress = None,
    keep_eos: Annotated[
        bool, typer.Option("--keep-eos", help="Keep the token that ends the text.")
    ] = False,
    distribution: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Which probabilities are shown: “model” for its own, “sampling” for those that "
            "tokens were chosen from.",
        ),
    ] = "model",
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The most prompts that run together.")
    ] = None,
    sampling: Sampling = Sampling(),  # noqa: B008 - frozen
    loading: Loading = Loading(),  # noqa: B008 - frozen
) -> None:
    """Let a model continue a prompt, and keep how probable each token was, and the others.

    In a terminal the text appears on the colours of its probabilities while it is written;
    elsewhere, and without -o, the text alone is printed. Into a folder it writes a set, and goes on
    with one that it began.
    """
    options = without_none(
        top_k=top_k, keep_eos=keep_eos, distribution=distribution, batch_size=batch_size,
        progress=progress_of(progress), **sampling.given,
    )  # fmt: skip
    in_part = output is not None and is_folder(output)
    rows = _asked(prompt, chat=chat, system=system, in_part=in_part)
    if output is not None and in_part:
        check_for_folder(channel, title)
        columns = [_columns(given, others) for _, given, others in rows]
        made_in(loading.load(model).generate_set, columns, output, **options)
        return
    lm = loading.load(model)
    prompts = [given for _, given, _ in rows]
    if output is None and len(prompts) == 1 and channel is None and _is_watched():
        interrupted([Found(_follow(lm, prompts[0], options), rows[0][0])])
        return
    traces = _generate(lm, prompts, options)
    several = len(traces) > 1
    found = [
        Found(trace, f"{name} {i}" if several else name)
        for i, ((name, _, _), trace) in enumerate(zip(rows, traces, strict=True), 1)
    ]
    if output is None and channel is None and not _is_watched():
        for trace in traces:
            sys.stdout.write(trace.text + "\n")
    else:
        emit(found, output, title=title or found[0].name, channel=channel)
    interrupted(found)


def prompts_of(words: list[str] | None, *, chat: bool, system: str | None) -> list[tuple[str, Any]]:
    """Prompts of the shell's words, each with where it is from."""
    return [(name, given) for name, given, _ in _asked(words, chat=chat, system=system)]


def _asked(
    words: list[str] | None, *, chat: bool, system: str | None, in_part: bool = False
) -> list[tuple[str, Any, Mapping[str, Any]]]:
    """The same, with what else each row has; in part also rows without one."""
    found = []
    for word in words or [STDIN]:
        for row in rows_of(word, in_part=in_part):
            given = _prompt(row)
            if given is not None or not in_part:
                given = as_prompt(given, chat=chat, system=system)
            found.append((_name(word), given, row.others))
    if not found:
        raise ValueError("there is no prompt")
    return found


def _columns(given: Any, others: Mapping[str, Any]) -> dict[str, Any]:
    """A prompt as a set of them is made."""
    return {**others, "messages" if isinstance(given, list) else "prompt": given}


def _prompt(row: Row) -> Any:
    """A prompt's row; of a text alone it is the text, without the line break that ends a file."""
    given = row.prompt if row.prompt is not None else row.text
    return given.removesuffix("\n") if isinstance(given, str) else given


def _generate(lm: Any, prompts: list[Any], options: dict[str, Any]) -> list[Any]:
    """Texts together, chats together: a list is of one kind."""
    traces: list[Any] = [None] * len(prompts)
    for kind in (str, list):
        places = [i for i, prompt in enumerate(prompts) if isinstance(prompt, kind)]
        if places:
            written = lm.generate([prompts[i] for i in places], **options)
            for i, trace in zip(places, written, strict=True):
                traces[i] = trace
    return traces


def _is_watched() -> bool:
    from tokenviz.cli.terminal import has_colors

    return has_colors()


def _follow(lm: Any, prompt: Any, options: dict[str, Any]) -> Trace:
    """Write each token as soon as it is known, on the colour of its probability."""
    from tokenviz.cli.terminal import Follower

    follower = Follower()
    trace: Trace = lm.generate(prompt, **{**options, "on_token": follower.take, "progress": False})
    follower.end(trace)
    return trace


def _name(word: str) -> str:
    return "standard input" if word == STDIN else word if is_file(word) else "answer"
