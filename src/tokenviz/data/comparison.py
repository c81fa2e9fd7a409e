"""Comparison: two traces of one text, and where they part.

Two models, checkpoints, number formats, engines or policies that read the same text. What can be
said without either model follows from the traces; exact divergences need both full distributions
and come from :meth:`tokenviz.LanguageModel.compare`. Everything is per *span*: a token where both
are cut alike, else the shortest stretch that both have as whole tokens
(:mod:`tokenviz.data.aligning`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from tokenviz.data.aligning import Alignment, Spans, align
from tokenviz.data.arrays import Frozen, frozen, same, text, whole
from tokenviz.data.choices import changed_choices
from tokenviz.data.differences import Outside, Place, Summary
from tokenviz.data.naming import told_apart
from tokenviz.data.tokens import labels
from tokenviz.data.trace import Trace

if TYPE_CHECKING:
    import pandas as pd

    from tokenviz.widget.comparison import ComparisonFigure

__all__ = ["CHANNELS", "FLIP", "Comparison", "Measure", "called", "furthest"]

Measure = Literal["delta", "ratio", "kl", "reverse_kl", "js", "rank_change"]
"""What spans can be sorted by."""

CHANNELS: Mapping[Measure, str] = {
    "delta": "Δ log-probability",
    "ratio": "ratio",
    "kl": "KL(a‖b)",
    "reverse_kl": "KL(b‖a)",
    "js": "JS",
    "rank_change": "rank change",
}
"""What figures call them."""

FLIP: Literal["flip"] = "flip"
"""What marks tokens where the most probable one is another."""

_NOISE = 1e-4  # nats below zero that rounding may leave of a divergence
_FIRST = " (the first: nothing stands before it)"


def furthest(
    values: npt.NDArray[np.float32],
    count: int,
    *,
    ratio: bool,
    only: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.intp]:
    """The places of the ``count`` largest differences, the largest first; of equal ones the first.

    Where there is no difference, there is no such place.

    Parameters
    ----------
    values
        Differences of either sign, shape ``[m]``; those that are NaN are not among them.
    ratio
        Whether they are ratios, which are as far from 1 either way.
    only
        Which of them are asked about, shape ``[m]``; by default all.
    """
    with np.errstate(divide="ignore"):
        size = np.abs(np.log(values.astype(np.float64)) if ratio else values)
    size = np.where(size > 0 if only is None else only, size, np.nan)
    order = np.argsort(-size, kind="stable")[:count]  # NaN comes last
    return order[~np.isnan(size[order])]


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Comparison(Frozen):
    """Two traces of the same text, the first being the reference.

    Parameters
    ----------
    a, b
        The traces: the reference, and what is compared with it. Of the same text, however it is
        cut into tokens, as :func:`tokenviz.data.aligning.align` says.
    names
        What figures call the two; by default their models or sources, if these differ.
    kl
        Kullback–Leibler divergences KL(a‖b) and KL(b‖a) of the next-token distributions at each
        position in nats, shape ``[2, n]``, kept as float32; NaN where unknown. Only where both
        have the same tokens.
    js
        Jensen–Shannon divergences in nats (at most ln 2), shape ``[n]``; likewise.
    left_out
        What else could not be compared, in words.

    Attributes
    ----------
    spans
        Per span and trace the tokens that it covers, ``start`` and ``stop``; int32
        ``[m, 2, 2]``. Where both have the same ``n`` tokens, each is a span.

    Raises
    ------
    TypeError, ValueError
        If the texts differ, shapes disagree, or an argument is of the wrong kind; the message
        names the argument.
    """

    a: Trace
    b: Trace
    names: tuple[str, str]
    kl: npt.NDArray[np.float32] | None
    js: npt.NDArray[np.float32] | None
    left_out: tuple[str, ...]

    def __init__(
        self,
        a: Trace,
        b: Trace,
        *,
        names: Sequence[str] | None = None,
        kl: npt.ArrayLike | None = None,
        js: npt.ArrayLike | None = None,
        left_out: Iterable[str] = (),
    ) -> None:
        for name, trace in (("a", a), ("b", b)):
            if not isinstance(trace, Trace):
                raise TypeError(f"{name}: expected a Trace, got {type(trace).__name__}")
        object.__setattr__(self, "a", a)
        object.__setattr__(self, "b", b)
        n = len(a)
        for name, values, shape, meaning in (
            ("kl", kl, (2, n), "KL(a‖b) and KL(b‖a), one per token"),
            ("js", js, (n,), "one per token"),
        ):
            if not self.same_tokens and values is not None:
                raise ValueError(
                    f"{name}: expected None, because a and b have different tokens, and so no "
                    "positions in common"
                )
            column = None if values is None else frozen(name, values, np.float32, shape, meaning)
            if column is not None and bool((column < -_NOISE).any()):
                least = float(np.nanmin(column))
                raise ValueError(f"{name}: expected divergences, which are ≥ 0, got {least:g}")
            object.__setattr__(self, name, column)
        object.__setattr__(self, "names", _names(names, a, b))
        if isinstance(left_out, str) or not isinstance(left_out, Iterable):
            raise TypeError(f"left_out: expected a sequence of texts, got {left_out!r}")
        own = tuple(cast(str, text("left_out", said, optional=False)) for said in left_out)
        object.__setattr__(self, "left_out", own)

    @cached_property
    def _alignment(self) -> Alignment:
        alignment = align(self.a.tokens, self.b.tokens)
        _fixed(alignment.spans)
        return alignment

    @property
    def spans(self) -> Spans:
        """The tokens of each span, ``[m, 2, 2]``."""
        return self._alignment.spans

    @property
    def same_tokens(self) -> bool:
        """Whether both have the same tokens, by id where both say it, so that each is a span."""
        return self._alignment.same

    @cached_property
    def not_compared(self) -> tuple[str, ...]:
        """What could not be compared, and why, in words; empty where all of it was."""
        missing = np.isnan(self.logprobs)
        alike = bool(np.array_equal(*missing))
        lacking = [
            f"{int(missing[i].sum())} whose probability is "
            + ("known in neither" if alike else f"not known in {'ab'[i]}")
            + _FIRST * all(map(self._begins_with_nothing, (0, 1) if alike else (i,)))
            for i in range(1 if alike else 2)
            if missing[i].any()
        ]
        return (
            *self._alignment.left_out,
            *(
                [f"{'tokens' if self.same_tokens else 'spans'}: {', '.join(lacking)}"]
                * bool(lacking)
            ),
            *([] if self.same_tokens else ["distributions, ranks and choices: the tokens differ"]),
            *self.left_out,
        )

    def _begins_with_nothing(self, side: int) -> bool:
        """Whether the first token of a side is compared, but for having nothing before it."""
        trace = (self.a, self.b)[side]
        first = len(self.spans) > 0 and self.spans[0, side, 0] == 0
        return bool(first) and not trace.prompt and bool(np.isnan(trace.logprobs[0]))

    @cached_property
    def logprobs(self) -> npt.NDArray[np.float64]:
        """Log-probabilities of the spans in nats: sums over their tokens, ``[2, m]``."""
        sums = [_sums(t.logprobs, self.spans[:, i]) for i, t in enumerate((self.a, self.b))]
        return _fixed(np.stack(sums))

    @cached_property
    def deltas(self) -> npt.NDArray[np.float32]:
        """``log p_b − log p_a`` in nats, ``[m]``; NaN where either is unknown."""
        with np.errstate(invalid="ignore"):  # of two that are impossible
            return _fixed((self.logprobs[1] - self.logprobs[0]).astype(np.float32))

    @property
    def ratios(self) -> npt.NDArray[np.float32]:
        """``p_b / p_a``, ``[m]``."""
        with np.errstate(over="ignore"):
            return np.exp(self.deltas.astype(np.float64)).astype(np.float32)

    @property
    def surer(self) -> npt.NDArray[np.int8]:
        """Who gives a span the higher probability: 0 is a, 1 is b, −1 neither; ``[m]``."""
        return np.select([self.deltas < 0, self.deltas > 0], [0, 1], -1).astype(np.int8)

    @cached_property
    def rank_changes(self) -> npt.NDArray[np.float32]:
        """Rank in b less rank in a, ``[m]``; NaN where either is not known, or tokens differ."""
        changes = np.full(len(self.spans), np.nan, np.float32)
        if self.same_tokens:
            known = _ranks_known(self.a) & _ranks_known(self.b)
            ranks = self.b.ranks.astype(np.int64) - self.a.ranks
            changes = np.where(known, ranks, np.nan).astype(np.float32)[self._places]
        return _fixed(changes)

    @cached_property
    def flips(self) -> npt.NDArray[np.bool_]:
        """Whether the most probable token is another one in b, ``[m]``; see :attr:`choices_known`.

        Where it is not known, and where tokens differ, False.
        """
        return self._choices[0]

    @cached_property
    def choices_known(self) -> npt.NDArray[np.bool_]:
        """Where :attr:`flips` is known, ``[m]``: both traces tell the most probable token."""
        return self._choices[1]

    @cached_property
    def _choices(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        if self.same_tokens:
            flips, known = (told[self._places] for told in changed_choices(self.a, self.b))
        else:
            flips = known = np.zeros(len(self.spans), bool)
        return _fixed(flips), _fixed(known)

    def measure(self, name: Measure) -> npt.NDArray[np.float32]:
        """One of the measures of the spans, ``[m]``.

        Raises
        ------
        ValueError
            If there is no such measure, or it is not known of these traces.
        """
        known = self._measures()
        self._check("name", name, known)
        return known[name]

    def _check(self, argument: str, name: Any, known: Iterable[str]) -> None:
        """Refuse a name that is not known here: say which are, and why this one is not."""
        known = list(known)
        if isinstance(name, str) and name in known:
            return
        told = ""
        if name in ("kl", "reverse_kl", "js") and self.same_tokens:
            told = "; divergences need both models at hand: lm.compare(other, text)"
        elif isinstance(name, str) and name in (*CHANNELS, FLIP):
            told = (
                "; the traces do not say which tokens were the likeliest"
                if self.same_tokens
                else "; the tokens differ, so that only log-probabilities can be compared"
            )
        expected = ", ".join(map(repr, known))
        raise ValueError(f"{argument}: expected one of {expected}, got {name!r}{told}")

    def check_order(self, by: Any, argument: str = "by") -> None:
        """Refuse what places cannot be sorted by.

        Raises
        ------
        ValueError
            If ``by`` is none of :attr:`orders`; the message names the argument, and says why.
        """
        self._check(argument, by, self.orders)

    def worst(
        self, count: int = 5, *, by: Measure | Literal["flip"] | None = None
    ) -> tuple[Place, ...]:
        """The spans that differ most, the worst first.

        Parameters
        ----------
        count
            The most that are wanted.
        by
            The measure whose size counts (of a ratio, how far it is from 1 either way); by default
            "kl" where it is known, else "delta". With "flip", those spans only where the most
            probable token is another, by the size of "delta". A span whose difference is 0 is
            not among them.

        Raises
        ------
        TypeError, ValueError
            If ``count`` is no whole number ≥ 0, or ``by`` is nothing that is known of these traces.
        """
        count = whole("count", count, at_least=0)
        by = self.best_measure if by is None else by
        self.check_order(by)
        values = self.deltas if by == FLIP else self.measure(by)
        only = self.flips if by == FLIP else None
        order = furthest(values, count, ratio=by == "ratio", only=only)
        return tuple(self._place(i, float(values[i])) for i in order.tolist())

    def summary(self) -> Summary:
        """The whole in a few numbers; as text, a line."""
        known = ~np.isnan(self.deltas)
        sums = self.logprobs[:, known].sum(1)
        sizes = np.array([len(token.bytes) for token in self.a.vocabulary], int)[self.a.index]
        bytes_ = _sums(sizes, self.spans[:, 0])
        return Summary(
            names=self.names,
            told=self._told(),
            same_tokens=self.same_tokens,
            spans=len(self.spans),
            compared=int(known.sum()),
            logprobs=(float(sums[0]), float(sums[1])),
            bytes=int(bytes_[known].sum()),
            all_bytes=int(bytes_.sum()),
            outside=(self._outside(0, known), self._outside(1, known)),
            mean_kl=None if self.kl is None else (_mean(self.kl[0]), _mean(self.kl[1])),
            mean_js=None if self.js is None else _mean(self.js),
            flips=int(self.flips.sum()),
            choices=int(self.choices_known.sum()),
            worst=self.worst(),
            worst_by=CHANNELS[self.best_measure],
            not_compared=self.not_compared,
        )

    def _told(self) -> tuple[str, str]:
        """What else than names is known to differ between the two."""
        first, second = (_facts(trace) for trace in (self.a, self.b))
        places = [i for i, pair in enumerate(zip(first, second, strict=True)) if len(set(pair)) > 1]
        a, b = (
            ", ".join(facts[i] for i in places if facts[i].removeprefix("after ") not in name)
            for name, facts in zip(self.names, (first, second), strict=True)
        )
        return a, b

    def _outside(self, side: int, known: npt.NDArray[np.bool_]) -> Outside:
        """What the sums leave out of one of the traces."""
        trace = (self.a, self.b)[side]
        starts, stops = self.spans[known, side].T
        inside = np.zeros(len(trace) + 1, np.int64)  # spans that begin here, less those that end
        np.add.at(inside, starts, 1)
        np.add.at(inside, stops, -1)
        left = trace.logprobs[inside[:-1].cumsum() == 0].astype(np.float64)
        unknown = int(np.isnan(left).sum())
        return Outside(len(left), len(trace), float(np.nansum(left)), unknown)

    def to_trace(self) -> Trace:
        """The reference with the comparison as its channels; tokens of a span share its values."""
        channels = {CHANNELS[name]: values for name, values in self._measures().items()}
        for name, logprobs in zip(self.logprob_channels, self.logprobs, strict=True):
            if name is not None:
                channels[name] = logprobs.astype(np.float32)
        flips: dict[str, npt.NDArray[np.bool_]] = {}
        if self.choices_known.any():
            flips[FLIP] = self._per_token(self.flips)
        trace = self.a
        own = {field.name: getattr(trace, field.name) for field in fields(trace)}
        return Trace.from_columns(
            **own
            | {
                "channels": {
                    **trace.channels,
                    **{name: self._per_token(values) for name, values in channels.items()},
                },
                "flags": {**trace.flags, **flips},
                "notes": {**dict(trace.notes), **self.summary().notes()},
            }
        )

    def show(self, channel: str = CHANNELS["delta"], **options: Any) -> ComparisonFigure:
        """The interactive figure: the reference, coloured by what became of it, and both in a cell.

        Parameters
        ----------
        channel
            What it is coloured by: "Δ log-probability", "ratio", "KL(a‖b)", "KL(b‖a)", "JS",
            "rank change", or a channel of any trace.
        options
            Traits of :class:`tokenviz.ComparisonFigure`.
        """
        from tokenviz.widget.comparison import ComparisonFigure

        return ComparisonFigure(self, channel=channel, **options)

    def save(self, path: str | Path) -> Path:
        """Write the data, lossless (``.npz``, ``.json``), or its figure (``.html``, ``.svg`` …).

        See :func:`tokenviz.data.files.save`; :func:`tokenviz.load` reads the data back.
        """
        from tokenviz.data.files import save

        return save(self, path)

    def to_pandas(self) -> pd.DataFrame:
        """A data frame of one row per span, with its tokens' places in both traces."""
        from tokenviz._optional import require

        pandas = require("pandas", feature="to_pandas()", install="pandas")
        measures = {str(name): values for name, values in self._measures().items()}
        frame = pandas.DataFrame(
            {
                "span": np.arange(len(self.spans)),
                **{
                    f"{end}_{side}": self.spans[:, i, j]
                    for i, side in enumerate("ab")
                    for j, end in enumerate(("start", "stop"))
                },
                "text": [self._text(*span) for span in self.spans[:, 0].tolist()],
                "logprob_a": self.logprobs[0],
                "logprob_b": self.logprobs[1],
                **measures,
                "flip": pandas.array(
                    [bool(f) if k else None for f, k in zip(*self._choices, strict=True)],
                    dtype="boolean",
                ),
                "surer": [(*self.names, None)[i] for i in self.surer],
            }
        )
        return cast("pd.DataFrame", frame)

    def __len__(self) -> int:
        return len(self.spans)

    @property
    def _places(self) -> npt.NDArray[np.int32]:
        """Where spans begin; of the same tokens, the place of each in both."""
        return self.spans[:, 0, 0]

    @property
    def orders(self) -> list[str]:
        """By what places can be sorted: the measures that are known, and "flip" where that is."""
        return [*self._measures(), *([FLIP] if self.choices_known.any() else [])]

    @property
    def best_measure(self) -> Measure:
        """By what the worst places are found: by "kl" where it is known."""
        return "delta" if self.kl is None else "kl"

    @property
    def logprob_channels(self) -> tuple[str | None, str]:
        """Which channels of :meth:`to_trace` are the log-probabilities of both.

        None for the reference's own, which it has anyway; where tokens differ, those of spans.
        """
        a, b = (f"log-probability in {name}" for name in self.names)
        if a == b:
            a, b = f"{a} (a)", f"{b} (b)"
        return None if self.same_tokens else a, b

    def channels(self) -> dict[Measure, str]:
        """The measures that are known, and which channel of :meth:`to_trace` each is."""
        return {name: CHANNELS[name] for name in self._measures()}

    def _measures(self) -> dict[Measure, npt.NDArray[np.float32]]:
        """Those that are known, by name."""
        given: dict[Measure, npt.NDArray[np.float32] | None] = {
            "delta": self.deltas,
            "ratio": self.ratios,
            "kl": None if self.kl is None else self.kl[0, self._places],
            "reverse_kl": None if self.kl is None else self.kl[1, self._places],
            "js": None if self.js is None else self.js[self._places],
            "rank_change": self.rank_changes if self.same_tokens else None,
        }
        return {name: values for name, values in given.items() if values is not None}

    def _per_token(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of spans as values of the reference's tokens; NaN, or False, outside of them."""
        starts, stops = self.spans[:, 0].T
        nothing = False if values.dtype == bool else np.nan
        out = np.full(len(self.a), nothing, values.dtype)
        at = np.repeat(starts - np.cumsum(stops - starts) + (stops - starts), stops - starts)
        out[at + np.arange(len(at))] = np.repeat(values, stops - starts)
        return out

    def _place(self, span: int, value: float) -> Place:
        start, stop = self.spans[span, 0].tolist()
        label = "".join(labels(self.a.tokens[start:stop]))
        return Place(span, start, stop, self._text(start, stop), value, label)

    def _text(self, start: int, stop: int) -> str:
        content = b"".join(token.bytes for token in self.a.tokens[start:stop])
        return content.decode("utf-8", errors="replace")

    def __getstate__(self) -> dict[str, Any]:
        # What follows from these is found again.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.show()._repr_mimebundle_(**kwargs)

    def _ipython_display_(self) -> None:
        self.show()._ipython_display_()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Comparison):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Comparison({self.summary()})"


def called(traces: Sequence[Trace], unnamed: Sequence[str]) -> list[str]:
    """What figures call several traces of one text: by model or source, and what tells them apart.

    Parameters
    ----------
    traces
        The reference, and what is compared with it.
    unnamed
        What each is called of which neither a model nor a source is known.
    """
    known = [trace.model or trace.source or "" for trace in traces]
    facts = [_facts(trace) for trace in traces]
    if not any(known):
        return list(unnamed)
    named = [name or other for name, other in zip(known, unnamed, strict=True)]
    return told_apart(named, facts)


def _facts(trace: Trace) -> list[str]:
    """What may tell a trace from another of the same model; "" for what nobody says."""
    return [trace.source or "", _probabilities(trace)]


def _probabilities(trace: Trace) -> str:
    """What became of a model's own, if anything did."""
    said = {
        "temperature": "after temperature",
        "sampling": "after what restricts sampling",
        "unknown": "probabilities of an unknown kind",
    }
    if trace.distribution == "model":
        return ""
    word = said[trace.distribution]
    if trace.temperature is None:
        return word
    at = "" if trace.distribution == "temperature" else " at temperature"
    return f"{word}{at} {trace.temperature:g}"


def _names(names: Sequence[str] | None, a: Trace, b: Trace) -> tuple[str, str]:
    if names is None:
        first, second = called([a, b], "ab")
        return first, second
    two: Any = names
    if isinstance(two, str) or not isinstance(two, Sequence) or len(two) != 2:
        raise ValueError(f"names: expected two, of a and b, got {names!r}")
    first, second = (cast(str, text("names", name, optional=False)) for name in names)
    return first, second


def _ranks_known(trace: Trace) -> npt.NDArray[np.bool_]:
    return (trace.ranks > 0) & ~trace.ranks_at_least


def _sums(values: npt.NDArray[Any], spans: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Sums over stretches, in float64."""
    if not len(spans):
        return np.zeros(0)
    ends = spans.reshape(-1)  # of each: its sum, and that of what lies before the next
    return np.add.reduceat(np.append(values.astype(np.float64), 0), ends)[::2]


def _mean(values: npt.NDArray[np.float32]) -> float:
    known = values[~np.isnan(values)].astype(np.float64)
    return float(known.mean()) if known.size else float("nan")


def _fixed(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array, read-only."""
    array.flags.writeable = False
    return array
