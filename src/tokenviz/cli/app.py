"""All commands, each from a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from tokenviz import __version__
from tokenviz.cli.attribute import attribute
from tokenviz.cli.compare import compare
from tokenviz.cli.examples import examples
from tokenviz.cli.explore import explore
from tokenviz.cli.generate import generate
from tokenviz.cli.lists import formats, methods
from tokenviz.cli.running import reported
from tokenviz.cli.score import score
from tokenviz.cli.view import view

__all__ = ["app"]

app = typer.Typer(
    name="tokenviz",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        "tokenviz view rollouts.jsonl --sort worst -o worst.html",
        'tokenviz generate demo "What is 43 x 34?"',
        'tokenviz explore demo "What is 93 x 43?"',
    )
    + "\n\ntokenviz COMMAND --help says more, with examples. Exit status: 0 done, 1 failed, 2 the "
    "command or an option is wrong, 130 interrupted, 141 whoever read the output closed it.",
)


def _version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"tokenviz {__version__}")
        raise typer.Exit


@app.callback()
def face(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Why a language model wrote what it wrote, token by token.

    Opens log-probabilities of others as a page, and asks models for them: how probable each token
    of a text was, what mattered to it, and where two models part.
    """


for command, told, shown in (
    (view, "Files of traces, or what others gave, as one page.",
     ["rollouts.jsonl --sort worst --top 20 -o worst.html",
      "answer.json --tokenizer models/Qwen3-8B",
      "step_100/ --channel mismatch_kl --sort mismatch_kl -o step_100.html"]),
    (score, "How probable a model finds each token of a text.",
     ['demo "43 x 34 = 1462"',
      "Qwen/Qwen3-0.6B essay.txt -o essay.html --channel surprisal",
      "demo texts.jsonl -o scored.jsonl"]),
    (generate, "What a model writes, and what else it considered.",
     ['demo "What is 43 x 34?" -o answer.html',
      'Qwen/Qwen3-0.6B --chat "Why is the sky blue?" --temperature 0.7 --seed 1',
      "demo prompts.jsonl -o - | tokenviz view - --sort worst"]),
    (attribute, "What of a prompt mattered to an answer.",
     ['demo "43 x 4 =" --target " 172"',
      'demo "43 x 4 =" --contrast " 172" " 132" --method shapley -o why.html',
      'demo "43 x 4 =" --continuation " 172." --grouping word']),
    (compare, "Where two models, or two files of traces, part.",
     ["Qwen/Qwen3-0.6B Qwen/Qwen3-0.6B-Base essay.txt -o parted.html",
      'demo demo "43 x 34 = 1462" --other-dtype bfloat16',
      "step_100.jsonl step_200.jsonl --sort delta -o changed.html"]),
    (explore, "Ask an answer why, and what if, in the browser.",
     ['demo "What is 93 x 43?"',
      'Qwen/Qwen3-0.6B --chat "Why is the sky blue?" --max-new-tokens 200 -o sky.json',
      "Qwen/Qwen3-0.6B sky.json --no-open --port 8899"]),
    (formats, "What “tokenviz view” reads.", [""]),
    (methods, "The methods of “tokenviz attribute”.", [""]),
):  # fmt: skip
    name = command.__name__
    epilog = examples(*(f"tokenviz {name} {one}".strip() for one in shown))
    app.command(name, epilog=epilog, short_help=told)(reported(command))
