"""What several commands take, with the names that it has in Python; and loading a model."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tokenviz.cli.writing import FOLDER_HELP, HELP, check_output, check_set_output

if TYPE_CHECKING:
    from tokenviz.model.language_model import LanguageModel

__all__ = [
    "BUNDLED", "Channel", "Chat", "Loading", "Model", "Output", "Progress", "SetOutput", "System",
    "Title", "TopK", "as_prompt", "load_model", "progress_of", "without_none",
]  # fmt: skip

BUNDLED = "demo"
_LOADING = "How the model is loaded"

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A name on the Hugging Face Hub, a folder, or “demo” for the small model that comes "
        "with tokenviz.",
        show_default=False,
    ),
]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="PATH", help=HELP, callback=check_output),
]
SetOutput = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="PATH", help=f"{HELP} {FOLDER_HELP}", callback=check_set_output
    ),
]
Channel = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What traces are coloured by: probability, logprob, surprisal, rank, entropy, margin, "
        "or a channel of their own; of comparisons delta, ratio, kl, reverse_kl, js, rank_change.",
    ),
]
Title = Annotated[str | None, typer.Option(metavar="TEXT", help="Heading of a page.")]
TopK = Annotated[
    int, typer.Option(metavar="N", help="How many alternatives are kept at each position.")
]
Progress = Annotated[
    bool | None,
    typer.Option(
        "--progress/--no-progress",
        help="A progress bar on standard error, or none. By default one in a terminal, when it "
        "takes longer.",
        show_default=False,
    ),
]
Chat = Annotated[
    bool, typer.Option("--chat", help="PROMPT is what a user says in a chat with the model.")
]
System = Annotated[
    str | None, typer.Option(metavar="TEXT", help="With --chat: the system's message before it.")
]


@dataclass(frozen=True)
class Loading:
    """How a model is loaded."""

    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Number format: float32, bfloat16, auto, …",
            rich_help_panel=_LOADING,
        ),
    ] = None
    device_map: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="On which devices: auto, cuda:0, cpu, …",
            rich_help_panel=_LOADING,
        ),
    ] = None
    attn_implementation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="eager, sdpa, …", rich_help_panel=_LOADING),
    ] = None
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Branch, tag or commit on the Hub.", rich_help_panel=_LOADING
        ),
    ] = None
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code",
            help="Run code that comes with the model. Only of people whom you trust.",
            rich_help_panel=_LOADING,
        ),
    ] = False

    def load(self, name: str) -> LanguageModel:
        """The model that a word of the shell's names."""
        return load_model(name, **asdict(self))


def load_model(name: str, **given: Any) -> LanguageModel:
    """The model that a word of the shell's names; options that were not given are left out."""
    from tokenviz._optional import require

    for library in ("torch", "transformers"):
        require(library, feature="a model", install="tokenviz-widget[models]")
    from tokenviz.model.loading import load_model as load

    options = {key: value for key, value in given.items() if value not in (None, False)}
    if Path(name).is_file():
        raise ValueError(
            f"model: expected “{BUNDLED}”, a folder or a name, got the file {name!r}; the model "
            f"comes before it: “tokenviz … {BUNDLED} {name}”"
        )
    is_place = name.startswith((".", "/", "~"))
    if is_place and not Path(name).expanduser().is_dir():
        raise FileNotFoundError(f"there is no folder {name!r} with a model")
    return load(
        None if name == BUNDLED else Path(name).expanduser() if is_place else name, **options
    )


def progress_of(given: bool | None) -> bool | None:
    """Whether there is a bar; of itself never where nobody sees it move, as in a file."""
    return given if given is not None or sys.stderr.isatty() else False


def without_none(**options: Any) -> dict[str, Any]:
    """Options that were given; the library has its own word for the others."""
    return {name: value for name, value in options.items() if value is not None}


def as_prompt(prompt: Any, *, chat: bool, system: str | None) -> Any:
    """A text as it is, or as what a user says in a chat.

    Raises
    ------
    ValueError
        If there is a system's message and no chat.
    """
    if chat and isinstance(prompt, str):
        before = [] if system is None else [{"role": "system", "content": system}]
        return [*before, {"role": "user", "content": prompt}]
    if system is not None and not isinstance(prompt, list):
        raise ValueError("system: expected --chat with it")
    return prompt
