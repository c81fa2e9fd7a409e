"""Traces and attributions as text: in a terminal with the colours of figures, elsewhere as a table.

Token text is untrusted, and a terminal obeys what it is sent: every character that could be a
command is written as its escape.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tokenviz.color.colormaps import SIZE, colormap_table
from tokenviz.color.range import Range
from tokenviz.color.scale import ColorScale
from tokenviz.data.attribution import Attribution
from tokenviz.data.channels import CHANNELS, channel_look, channel_values
from tokenviz.data.comparison import CHANNELS as MEASURES
from tokenviz.data.comparison import Comparison
from tokenviz.data.tokens import LONGEST_CHARACTER, Token, displayed, is_text, visible
from tokenviz.data.trace import Trace, TraceStep
from tokenviz.data.tree import TraceTree

if TYPE_CHECKING:
    from tokenviz.cli.reading import Source

__all__ = ["Follower", "Painter", "has_colors", "painted", "show"]

_LEGEND = 24  # cells of the colour bar


def has_colors(stream: Any = None) -> bool:
    """Whether somebody looks at it who sees colours: a terminal, and no wish for none."""
    console = Console(file=stream or sys.stdout)
    return console.is_terminal and not console.no_color and console.color_system is not None


def show(source: Source, *, channel: str | None = None, stream: Any = None) -> None:
    """Write a picture where there are colours, else a table: tabs between columns."""
    out = stream or sys.stdout
    if has_colors(out):
        console = _console(out)
        for line in _picture(source, channel):
            console.print(line)
    else:
        for row in _table(source, channel):
            out.write("\t".join(row) + "\n")


class Follower:
    """Shows a text while it is written, and in the end what it comes to."""

    def __init__(self) -> None:
        self._console = _console(sys.stdout)
        look = CHANNELS["probability"].look
        ends = Range(look.vmin or 0.0, look.vmax or 1.0, look.center)
        self._scale = ColorScale(colormap_table(look.colormap)[1], ends, look.gamma)
        self._label = look.label
        self._painter = Painter(self._scale, self._write)

    def take(self, step: TraceStep) -> None:
        """Show a token."""
        self._painter.add(step.token, float(np.exp(step.logprob)))

    def end(self, trace: Trace) -> None:
        """Show what still waits, and the whole in a line."""
        self._painter.end()
        for line in (Text(), _legend(self._scale, self._label), Text(_remark(trace))):
            self._console.print(line)

    def _write(self, text: Text) -> None:
        self._console.print(text, end="")
        self._console.file.flush()


class Painter:
    """Writes tokens as they come, each on the colour of its value.

    Pieces of a character wait for the others.
    """

    def __init__(self, scale: ColorScale, write: Callable[[Text], object]) -> None:
        self._scale = scale
        self._write = write
        self._waiting: list[tuple[Token, float]] = []

    def add(self, token: Token, value: float) -> None:
        """Write a token, or keep it until its character is whole."""
        self._waiting.append((token, value))
        content = b"".join(token.bytes for token, _ in self._waiting)
        if token.unknown or is_text(content) or len(self._waiting) > LONGEST_CHARACTER:
            self.end()

    def end(self) -> None:
        """Write what still waits."""
        if self._waiting:
            tokens, values = zip(*self._waiting, strict=True)
            self._write(painted(tokens, np.array(values), self._scale))
            self._waiting = []


def _console(stream: Any) -> Console:
    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)


def painted(
    tokens: Sequence[Token], values: npt.NDArray[np.floating[Any]], scale: ColorScale
) -> Text:
    """Tokens as running text, each on the colour of its value; without one where that is NaN."""
    text = Text()
    back, front = scale.rgb(values), scale.text_rgb(values)
    for i, words in enumerate(_running(tokens)):
        style = Style() if np.isnan(values[i]) else _style(back[i], front[i])
        for j, line in enumerate(words.split("\n")):
            if j:
                text.append("\n")
            text.append(line, style)
    return text


def _picture(source: Source, channel: str | None) -> Iterator[Text]:
    if isinstance(source, Attribution):
        scale = source.show(vmin=None, vmax=None).color_scale()
        for i, target in enumerate(source.target_labels):
            if i:
                yield Text()
            yield Text(f"What spoke for ‘{target}’", Style(bold=True))
            yield painted(source.tokens, source.values[:, i], scale)
        yield _legend(scale, source.label)
        return
    trace, channel = _trace_of(source, channel)
    scale = trace.show(channel=channel).color_scale()
    values = channel_values(trace, channel).chosen
    if trace.prompt:
        yield Text("".join(_running(trace.prompt)), Style(dim=True))
    yield painted(trace.tokens, values, scale)
    yield _legend(scale, channel_look(trace, channel).label)
    yield Text(_remark(source))


def _table(source: Source, channel: str | None) -> Iterator[list[str]]:
    if isinstance(source, Attribution):
        yield ["token", *(_cell(target) for target in source.target_labels)]
        for token, row in zip(source.tokens, source.values, strict=True):
            yield [_label(token), *map(_number, row)]
        return
    trace, channel = _trace_of(source, channel)
    columns = {
        "log-probability": trace.logprobs,
        "rank": np.where(trace.ranks > 0, trace.ranks, np.nan),
        "entropy": trace.entropies,
        **trace.channels,
    }
    if channel not in ("probability", "logprob", "rank", "entropy", *columns):
        columns[channel] = channel_values(trace, channel).chosen
    yield ["position", "token", *map(_cell, columns)]
    for i, token in enumerate(trace.tokens):
        yield [str(i), _label(token), *(_number(values[i]) for values in columns.values())]


def _trace_of(source: Any, channel: str | None) -> tuple[Trace, str]:
    match source:
        case Comparison():
            return source.to_trace(), channel or MEASURES["delta"]
        case TraceTree():
            return source.path(0), channel or "probability"
    return source, channel or "probability"


def _remark(source: Any) -> str:
    """What it comes to, in a line."""
    if isinstance(source, Comparison):
        return visible_line(str(source.summary()))
    trace, _ = _trace_of(source, None)
    if not len(trace):
        return "no tokens"
    found = trace.summary()
    parts = [f"{found.tokens} tokens", f"log p {found.logprob:.4g} nats"]
    if found.known:
        parts.append(f"perplexity {found.perplexity:.4g}")
    if found.worst is not None:
        probability = np.exp(found.worst.logprob)
        parts.append(f"worst {_label(found.worst.token)} ({probability:.3g})")
    return " · ".join(parts)


def visible_line(text: str) -> str:
    """A line that a terminal takes for text, whatever is in it."""
    return " ".join(visible(part) for part in text.split(" "))


def _running(tokens: Sequence[Token]) -> Iterator[str]:
    """Tokens as they read: spaces are spaces, and a line ends after the sign of its break."""
    for token, (label, kind) in zip(tokens, displayed(tokens), strict=True):
        if kind != "text":
            yield label
            continue
        lines = token.text.split("\n")
        yield "\\n\n".join(visible_line(line) for line in lines)


def _legend(scale: ColorScale, label: str) -> Text:
    low, high, _ = scale.range
    text = Text(f"{_number(low)} ")
    for rgb in scale.table[np.linspace(0, SIZE - 1, _LEGEND).astype(int)]:
        text.append(" ", _style(rgb, rgb))
    return text.append(f" {_number(high)}  {visible_line(label)}")


def _style(back: npt.NDArray[np.uint8], front: npt.NDArray[np.uint8]) -> Style:
    return Style(bgcolor=Color.from_rgb(*map(int, back)), color=Color.from_rgb(*map(int, front)))


def _label(token: Token) -> str:
    return _cell(token.label)


def _cell(text: str) -> str:
    """No tab, no line break, nothing that a terminal would obey."""
    return visible_line(text)


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4g}"
