"""What the help says is true, and it loads no model."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
import subprocess
import sys

import pytest

import tokenviz as tv
from tests.cli.running import COMMAND, environment, run
from tokenviz.cli.attribute import METHODS
from tokenviz.cli.examples import examples
from tokenviz.cli.grouping import spread
from tokenviz.cli.options import Loading
from tokenviz.cli.sampling import Sampling
from tokenviz.model.tracing.options import DEFAULTS

COMMANDS = (
    "view", "score", "generate", "attribute", "compare", "explore", "formats", "methods",
)  # fmt: skip

# What a shell cannot give, and what has another form there: chats (--chat), progress of a page.
NOT_IN_A_SHELL = {
    "self", "chat", "chat_template", "tools", "documents", "continue_final_message",
    "add_generation_prompt", "logits_processor", "stopping_criteria", "on_token", "stream",
    "options",
}  # fmt: skip


def flags(command: str) -> set[str]:
    said = run(command, "--help").out
    return {name.replace("-", "_") for name in re.findall(r"--([a-z][a-z-]*)", said)}


def test_help_loads_no_model_and_no_widget() -> None:
    code = (
        "import sys\n"
        "from tokenviz.cli import main\n"
        "for words in [[], *([name] for name in sys.argv[1:])]:\n"
        "    sys.argv = ['tokenviz', *words, '--help']\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as end:\n"
        "        assert not end.code\n"
        "print('LOADED', *sorted({m.split('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *COMMANDS],
        env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    said, _, loaded = done.stdout.rpartition("LOADED")
    heavy = {"torch", "transformers", "tokenizers", "anywidget", "ipywidgets", "IPython", "pandas"}
    assert "typer" in loaded
    assert not heavy & set(loaded.split())
    assert all(f"Usage: tokenviz {name}" in said for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_says_what_it_does_with_examples_that_it_would_take(command: str) -> None:
    ran = run(command, "--help")
    assert ran.status == 0
    assert ran.err == ""
    said = ran.out.replace("\\\n", " ")  # as a shell reads it
    examples = re.findall(rf"^    (tokenviz {command}.*)$", said, re.MULTILINE)
    assert examples
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", ran.out))
    for example in examples:
        own = example.partition("|")[0]
        assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", own)) <= known


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_line_is_longer_than_a_terminal_is_wide(command: str) -> None:
    done = subprocess.run(
        [*COMMAND, *filter(None, [command]), "--help"],
        env=environment(COLUMNS="80"), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Examples:" in done.stdout
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []


def test_a_folded_example_is_the_same_command() -> None:
    line = (
        'tokenviz x demo "a  -b | c" --first "one  two" --second 2 | tokenviz view - --third '
        + ("a" * 30 + " -o page.html")
    )
    head, shown, *rows = examples(line).split("\n")
    assert (head, shown) == ("\b", "Examples:") and len(rows) == 2
    assert shlex.split("\n".join(rows).replace("\\\n", "")) == shlex.split(line)
    assert rows[0].endswith(" --second 2 \\") and len(max(rows, key=len)) <= 78
    assert examples("tokenviz x").split("\n")[2:] == ["  tokenviz x"]


@pytest.mark.parametrize(
    ("command", "function", "otherwise"),
    [
        ("score", tv.LanguageModel.score, {"text"}),
        ("generate", tv.LanguageModel.generate, {"prompt", *NOT_IN_A_SHELL}),
        ("attribute", tv.LanguageModel.attribute, {"prompt", "targets"}),
        ("compare", tv.LanguageModel.compare, {"text", "other"}),
        ("view", tv.read, {"source", "distribution", "temperature"}),
    ],
)
def test_options_have_the_names_that_they_have_in_python(
    command: str, function: object, otherwise: set[str]
) -> None:
    python = set(inspect.signature(function).parameters) - NOT_IN_A_SHELL - otherwise
    assert python - flags(command) == set()


def test_options_that_commands_share_are_the_same_in_each() -> None:
    written = {one.name for one in dataclasses.fields(Sampling)}
    loaded = {one.name for one in dataclasses.fields(Loading)}
    assert {"temperature", "seed"} < written and {"dtype", "revision"} < loaded
    for command in ("generate", "explore"):
        assert written | loaded <= flags(command)
    for command in ("score", "attribute", "compare"):
        assert loaded <= flags(command)


def test_two_options_of_one_name_are_refused() -> None:
    def command(dtype: str, loading: Loading) -> None: ...

    command.__annotations__ = {"dtype": str, "loading": Loading, "return": None}
    with pytest.raises(TypeError, match="dtype"):
        spread(command)


def test_defaults_are_those_of_python() -> None:
    said = " ".join(run("generate", "--help").out.split())
    for name in ("max_new_tokens", "top_k"):
        flag = name.replace("_", "-")
        assert re.search(rf"--{flag} N [^\[]*\[default: {DEFAULTS[name]}\]", said)


def test_the_methods_that_help_names_are_those_that_there_are() -> None:
    assert {method.name for method in tv.attribution_methods()} == set(METHODS)
    assert METHODS[0] == "removal"


def test_lists() -> None:
    listed = run("formats").out
    assert all(name in listed for name in tv.formats().index)
    assert "shapley" in run("methods").out


def test_version() -> None:
    assert run("--version").out == f"tokenviz {tv.__version__}\n"
