"""Pictures in a real terminal: their colours are the figure's, and no token is obeyed."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess

import numpy as np
import pytest
from rich.console import Console

import tokenviz as tv
from tests.cli.running import COMMAND, environment
from tests.figure import expected_color
from tokenviz.cli.terminal import Painter, has_colors, painted, show
from tokenviz.color.colormaps import colormap_table
from tokenviz.color.range import Range
from tokenviz.color.scale import ColorScale
from tokenviz.data.tokens import Token

GREENS = ColorScale(colormap_table("Greens")[1], Range(0.0, 1.0, None))
_STYLED = re.compile(r"\x1b\[([0-9;]*)m")


def in_a_terminal(*words: str, **variables: str) -> str:
    """What a command writes to a terminal of 16 million colours."""
    ours, theirs = pty.openpty()
    colors = {"TERM": "xterm-256color", "COLORTERM": "truecolor", **variables}
    with subprocess.Popen(
        [*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE,
        env=environment(**colors),
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            said += piece
        os.close(ours)
        assert process.wait() == 0, process.stderr and process.stderr.read()
    return said.decode().replace("\r\n", "\n")


def test_a_terminal_shows_the_text_on_the_figure_s_colours() -> None:
    said = in_a_terminal("generate", "demo", "What is 43 x 34?", "--max-new-tokens", "8")
    trace = tv.load_model().generate("What is 43 x 34?", max_new_tokens=8)
    for token, p in zip(trace.tokens, trace.probabilities, strict=True):
        r, g, b = expected_color(float(p), "Greens", 0, 1)
        shown = token.text.replace("\n", "\\n")
        assert re.search(rf"48;2;{r};{g};{b}m{re.escape(shown)}", said), token
    assert "Probability" in said
    assert "8 tokens · log p" in said


def test_with_no_color_it_is_the_text_alone() -> None:
    words = ("generate", "demo", "What is 43 x 34?", "--max-new-tokens", "8")
    said = in_a_terminal(*words, NO_COLOR="1")
    assert said == tv.load_model().generate("What is 43 x 34?", max_new_tokens=8).text + "\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_who_sees_colours(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_colors(terminal)
    assert not has_colors(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not has_colors(terminal)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not has_colors(terminal)


HOSTILE = [
    "\x1b]0;owned\x07", "\x1b[2J", "a\tb", "\r", "\u202e", "\x9b31m", "[red]x[/red]", ":smile:",
]  # fmt: skip


def test_no_token_is_obeyed(terminal: Terminal) -> None:
    channels = {"\x1b[31mred": [1.0] * 8}
    trace = tv.Trace(HOSTILE, [-1.0] * 8, prompt=HOSTILE, channels=channels)
    show(trace, channel="\x1b[31mred", stream=terminal)
    show(tv.Attribution(np.ones((8, 1)), HOSTILE, ["\x1b[5m"]), stream=terminal)
    plain = _STYLED.sub("", terminal.getvalue())
    assert not set("\x1b\x07\x9b\r\t\u202e") & set(plain)
    assert "[red]x[/red]" in plain
    assert ":smile:" in plain
    # Only rich's own sequences are left: colours, and bold and dim.
    assert all(re.fullmatch(r"[0-9;]*", codes) for codes in _STYLED.findall(terminal.getvalue()))
    table = io.StringIO()
    show(trace, stream=table)
    assert len(table.getvalue().splitlines()) == 9
    assert "\x1b" not in table.getvalue()


def test_pieces_of_a_character_wait_for_each_other() -> None:
    told: list[str] = []
    painter = Painter(GREENS, lambda text: told.append(text.plain))
    for piece in ("é".encode()[:1], "é".encode()[1:], b"a", b"\xff", b"b"):
        painter.add(Token(piece), 0.5)
    painter.end()
    assert "".join(told) == "é 1/2é 2/2a⟨FF⟩b"


def test_the_value_that_is_not_known_has_no_colour() -> None:
    text = painted([Token("a"), Token("b")], np.array([np.nan, 0.5]), GREENS)
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(text, end="")
    assert console.file.getvalue().startswith("a\x1b[")  # type: ignore[attr-defined]


def test_a_comparison_is_coloured_by_what_changed(terminal: Terminal) -> None:
    a = tv.Trace(["a", "b"], [-1.0, -1.0], model="one")
    b = tv.Trace(["a", "b"], [-0.5, -3.0], model="two")
    show(tv.compare(a, b), stream=terminal)
    r, g, q = expected_color(-2, "PuOr", -2, 2, 0)
    assert f"48;2;{r};{g};{q}mb" in terminal.getvalue()
    assert "Δ log-probability" in terminal.getvalue()
