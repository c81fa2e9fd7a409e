"""Trace: the tokens a model wrote or read, how probable each was, and what else it considered.

The data is columnar, because a trace may be long: the distinct tokens once, an index into them per
position, and the alternatives of all positions end to end with offsets (CSR). The public face is
per position: ``trace.tokens[i]``, ``trace.probabilities[i]``, ``trace.alternatives[i]``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args, overload

import numpy as np
import numpy.typing as npt

from tokenviz.data.arrays import Frozen, frozen, numeric, real, same, text, whole
from tokenviz.data.channels import Channels
from tokenviz.data.marks import Categories, Flags, as_flag
from tokenviz.data.summary import Summary, summary_of
from tokenviz.data.tokens import Token, as_tokens

if TYPE_CHECKING:
    import pandas as pd

    from tokenviz.widget.trace import TokenTrace

__all__ = ["Alternative", "Distribution", "Trace", "TraceStep"]

Distribution = Literal["model", "temperature", "sampling", "unknown"]
"""Which probabilities: the model's own softmax; after temperature, with nothing left out; those
that tokens were chosen from, after logits processors, temperature, top-k and top-p; nobody said."""

Candidate = tuple[Token | str | bytes, float]


class Alternative(NamedTuple):
    """A token that was considered instead of the chosen one, and its log-probability in nats."""

    token: Token
    logprob: float

    @property
    def probability(self) -> float:
        """``exp(logprob)``."""
        return float(probability(np.float32(self.logprob)))


class TraceStep(NamedTuple):
    """One position of a trace, as soon as it is known (``generate(…, on_token=…)``)."""

    token: Token
    """The chosen token."""
    logprob: float
    """Its log-probability in nats."""
    rank: int
    """Its rank, 1 the most probable."""
    entropy: float
    """The entropy of the next-token distribution in nats."""
    alternatives: tuple[Alternative, ...]
    """The tokens considered instead, most probable first."""
    position: int
    """Its position in the trace, from 0."""
    row: int
    """Which of several prompts it continues, from 0."""


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Trace(Frozen):
    """The chosen path of tokens with log-probabilities, ranks, entropies, and alternatives.

    Parameters
    ----------
    tokens
        The chosen tokens: :class:`Token`, text or bytes; ``n`` of them.
    logprobs
        Natural log-probability of each, shape ``[n]``, kept as float32. NaN where unknown (the
        first token of a text that was read has nothing before it).
    alternatives
        Per position, the candidates other than the chosen token as ``(token, logprob)`` pairs or
        a mapping from token to log-probability. They are kept most probable first; the chosen
        token itself, which some APIs list too, is left out.
    ranks
        Rank of each chosen token, 1 the most probable, 0 where unknown; shape ``[n]``.
    entropies
        Entropy of the next-token distribution in nats, NaN where unknown; shape ``[n]``.
    prompt
        The tokens before the first position, which the probabilities are conditioned on.
    distribution
        "model" for the model's own probabilities, "temperature" for those after temperature with
        nothing left out, "sampling" for those that tokens were chosen from, after logits
        processors, temperature, top-k and top-p; "unknown" where whoever gave them did not say.
    model
        Name of the model, when known.
    partial
        Whether the work was interrupted, so that the text goes on no further than this.
    channels
        Your own numbers to colour by, from a name to one value per chosen token, shape ``[n]``
        (kept as float32; NaN where unknown), for instance a loss or a reward.
    prompt_roles, prompt_turns
        Where the prompt is a chat, per token of it the role of the message whose content it is, or
        "template", and the number of the message in whose turn it stands; ``[len(prompt)]``.
    notes
        What else the caption says of how the trace came about, a text for each word: what changed
        the scores that tokens were chosen from, and what was left out. Kept as pairs.
    source
        What it was read from, as :func:`tokenviz.read` took it.
    temperature
        That the tokens were chosen with, where it is known.
    ranks_at_least, entropies_at_least
        Where only the most probable tokens were known: whether a rank, or an entropy, may be larger
        than what stands there; bool, ``[n]``. Nowhere, if not given.
    flags
        Yes or no by name, one per chosen token, ``[n]``: whether it counts for the loss, whether
        it was clipped.
    categories
        Words by name, one per chosen token, or None: a role, an environment.

    Raises
    ------
    TypeError, ValueError
        If lengths disagree, a log-probability is positive, or an entry is not of the expected
        kind; the message names the argument.
    """

    vocabulary: tuple[Token, ...]
    index: npt.NDArray[np.uint32]
    logprobs: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.uint32]
    alternative_index: npt.NDArray[np.uint32]
    alternative_logprobs: npt.NDArray[np.float32]
    ranks: npt.NDArray[np.int32]
    entropies: npt.NDArray[np.float32]
    prompt: tuple[Token, ...]
    distribution: Distribution
    model: str | None
    partial: bool
    channels: Channels
    prompt_roles: tuple[str, ...] | None
    prompt_turns: tuple[int, ...] | None
    notes: tuple[tuple[str, str], ...]
    source: str | None
    temperature: float | None
    ranks_at_least: npt.NDArray[np.bool_]
    entropies_at_least: npt.NDArray[np.bool_]
    flags: Flags
    categories: Categories

    def __init__(
        self,
        tokens: Iterable[Token | str | bytes],
        logprobs: npt.ArrayLike,
        alternatives: Iterable[Iterable[Candidate] | Mapping[Any, float]] | None = None,
        *,
        ranks: npt.ArrayLike | None = None,
        entropies: npt.ArrayLike | None = None,
        prompt: Iterable[Token | str | bytes] = (),
        distribution: Distribution = "model",
        model: str | None = None,
        partial: bool = False,
        channels: Mapping[str, npt.ArrayLike] | None = None,
        prompt_roles: Iterable[str] | None = None,
        prompt_turns: Iterable[int] | None = None,
        notes: Mapping[str, str] | None = None,
        source: str | None = None,
        temperature: float | None = None,
        ranks_at_least: npt.ArrayLike | None = None,
        entropies_at_least: npt.ArrayLike | None = None,
        flags: Mapping[str, npt.ArrayLike] | None = None,
        categories: Mapping[str, Iterable[str | None]] | None = None,
    ) -> None:
        chosen = as_tokens(tokens)
        considered = _candidates(alternatives, chosen)
        vocabulary = _Vocabulary()
        self._set(
            index=[vocabulary.index(token) for token in chosen],
            alternative_index=[vocabulary.index(token) for step in considered for token, _ in step],
            alternative_logprobs=[logprob for step in considered for _, logprob in step],
            offsets=np.cumsum([0, *(len(step) for step in considered)]),
            vocabulary=tuple(vocabulary.tokens),
            logprobs=logprobs,
            ranks=ranks,
            entropies=entropies,
            prompt=prompt,
            distribution=distribution,
            model=model,
            partial=partial,
            channels=channels,
            prompt_roles=prompt_roles,
            prompt_turns=prompt_turns,
            notes=notes,
            source=source,
            temperature=temperature,
            ranks_at_least=ranks_at_least,
            entropies_at_least=entropies_at_least,
            flags=flags,
            categories=categories,
        )

    @classmethod
    def from_columns(
        cls,
        vocabulary: Iterable[Token | str | bytes],
        index: npt.ArrayLike,
        logprobs: npt.ArrayLike,
        offsets: npt.ArrayLike,
        alternative_index: npt.ArrayLike,
        alternative_logprobs: npt.ArrayLike,
        *,
        ranks: npt.ArrayLike | None = None,
        entropies: npt.ArrayLike | None = None,
        prompt: Iterable[Token | str | bytes] = (),
        distribution: Distribution = "model",
        model: str | None = None,
        partial: bool = False,
        channels: Mapping[str, npt.ArrayLike] | None = None,
        prompt_roles: Iterable[str] | None = None,
        prompt_turns: Iterable[int] | None = None,
        notes: Mapping[str, str] | None = None,
        source: str | None = None,
        temperature: float | None = None,
        ranks_at_least: npt.ArrayLike | None = None,
        entropies_at_least: npt.ArrayLike | None = None,
        flags: Mapping[str, npt.ArrayLike] | None = None,
        categories: Mapping[str, Iterable[str | None]] | None = None,
    ) -> Trace:
        """Build a trace from its columns, without a Python object per position.

        Parameters
        ----------
        vocabulary
            The distinct tokens that the two index columns point into.
        index, logprobs
            Chosen token and its log-probability per position, shape ``[n]``.
        offsets
            Position ``i`` owns the alternatives ``offsets[i]`` to ``offsets[i + 1]``; ``[n + 1]``.
        alternative_index, alternative_logprobs
            The alternatives of all positions, each position's most probable first; ``[k]``.
        ranks, entropies, prompt, distribution, model, partial, channels, prompt_roles, \
        prompt_turns, notes, source, temperature, ranks_at_least, entropies_at_least, flags, \
        categories
            As for :class:`Trace`.
        """
        trace = cls.__new__(cls)
        trace._set(
            vocabulary=as_tokens(vocabulary, "vocabulary"),
            index=index,
            logprobs=logprobs,
            offsets=offsets,
            alternative_index=alternative_index,
            alternative_logprobs=alternative_logprobs,
            ranks=ranks,
            entropies=entropies,
            prompt=prompt,
            distribution=distribution,
            model=model,
            partial=partial,
            channels=channels,
            prompt_roles=prompt_roles,
            prompt_turns=prompt_turns,
            notes=notes,
            source=source,
            temperature=temperature,
            ranks_at_least=ranks_at_least,
            entropies_at_least=entropies_at_least,
            flags=flags,
            categories=categories,
        )
        return trace

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The chosen tokens."""
        return tuple(self.vocabulary[i] for i in self.index)

    @property
    def probabilities(self) -> npt.NDArray[np.float32]:
        """``exp(logprobs)``, shape ``[n]``."""
        return probability(self.logprobs)

    @property
    def alternative_probabilities(self) -> npt.NDArray[np.float32]:
        """``exp(alternative_logprobs)``, shape ``[k]``."""
        return probability(self.alternative_logprobs)

    @property
    def rest(self) -> npt.NDArray[np.float32]:
        """The probability of what is not listed, shape ``[n]``: 1 less that of all that is.

        A chosen token whose probability is not known is part of it; NaN where nothing is known.
        """
        n = len(self)
        step = np.repeat(np.arange(n), np.diff(self.offsets))
        listed = np.exp(self.alternative_logprobs.astype(np.float64))
        chosen = np.exp(self.logprobs.astype(np.float64))
        is_known = ~np.isnan(chosen)
        total = np.bincount(step, listed, n) + np.where(is_known, chosen, 0)
        is_known |= np.diff(self.offsets) > 0
        return np.where(is_known, np.clip(1 - total, 0, 1), np.nan).astype(np.float32)

    @property
    def alternatives(self) -> Alternatives:
        """Per position, the tokens considered instead, most probable first."""
        return Alternatives(self)

    @property
    def text(self) -> str:
        """The chosen tokens as text."""
        return b"".join(token.bytes for token in self.tokens).decode("utf-8", errors="replace")

    def with_channel(self, name: str, values: npt.ArrayLike) -> Trace:
        """The same trace with numbers of your own to colour by: ``show(channel=name)``.

        Parameters
        ----------
        name
            What the channel is called, in the figure too. A channel of that name is replaced.
        values
            One number per chosen token, shape ``[n]``; NaN where unknown.

        Raises
        ------
        TypeError, ValueError
            If ``values`` has another shape, or every trace has a channel of that name.
        """
        other = copy.copy(self)
        channels = Channels({**self.channels, name: values}, len(self))
        object.__setattr__(other, "channels", channels)
        return other

    def with_notes(self, notes: Mapping[str, str]) -> Trace:
        """The same trace with further facts about it; those of the same names are replaced."""
        other = copy.copy(self)
        object.__setattr__(other, "notes", _notes({**dict(self.notes), **notes}))
        return other

    def summary(self, start: int | None = None, stop: int | None = None) -> Summary:
        """What all tokens, or those from ``start`` up to ``stop``, come to.

        The log-probability and so the probability of a stretch (a field, a label, a number), its
        perplexity and worst token, the share of each flag and the mean of each channel.

        Parameters
        ----------
        start, stop
            As in ``trace.tokens[start:stop]``.

        Raises
        ------
        TypeError
            If an end is no whole number.
        ValueError
            If there are no tokens between them.
        """
        return summary_of(self, start, stop)

    def show(self, **options: Any) -> TokenTrace:
        """The interactive figure; ``options`` are the traits of :class:`TokenTrace`."""
        from tokenviz.widget.trace import TokenTrace

        return TokenTrace(self, **options)

    def save(self, path: str | Path) -> Path:
        """Write the data, lossless (``.npz``, ``.json``), or its figure (``.html``, ``.svg`` …).

        See :func:`tokenviz.data.files.save`; :func:`tokenviz.load` reads the data back.
        """
        from tokenviz.data.files import save

        return save(self, path)

    def to_pandas(self) -> pd.DataFrame:
        """A long data frame: one row per position and candidate, slot 0 being the chosen token.

        Channels, flags and categories of your own are columns after the others.
        """
        from tokenviz._optional import require

        pandas = require("pandas", feature="to_pandas()", install="pandas")
        n, k = len(self), len(self.alternative_index)
        position = np.concatenate([np.arange(n), np.repeat(np.arange(n), np.diff(self.offsets))])
        slot = np.concatenate([np.zeros(n, int), np.arange(k) - self.offsets[position[n:]] + 1])
        tokens = [self.vocabulary[i] for i in (*self.index, *self.alternative_index)]
        logprobs = np.concatenate([self.logprobs, self.alternative_logprobs])
        frame = pandas.DataFrame(
            {
                "position": position,
                "slot": slot,
                "token": [token.text for token in tokens],
                "id": pandas.array([token.id for token in tokens], dtype="Int64"),
                "logprob": logprobs,
                "probability": probability(logprobs),
                "rank": pandas.array([*self.ranks, *([None] * k)], dtype="Int64"),
                "entropy": np.concatenate([self.entropies, np.full(k, np.nan, np.float32)]),
            }
        )
        frame["rank"] = frame["rank"].replace(0, pandas.NA)
        for name, values in self.channels.items():
            column = f"{name} (channel)" if name in frame else name
            frame[column] = np.concatenate([values, np.full(k, np.nan, np.float32)])
        for kind, columns in (("flag", self.flags), ("category", self.categories)):
            for name, entries in columns.items():
                column = f"{name} ({kind})" if name in frame else name
                frame[column] = pandas.array([*entries, *([None] * k)], dtype=_PANDAS[kind])
        frame = frame.sort_values(["position", "slot"], ignore_index=True)
        return cast("pd.DataFrame", frame)

    def __len__(self) -> int:
        return len(self.index)

    def _set(
        self,
        *,
        vocabulary: tuple[Token, ...],
        index: npt.ArrayLike,
        logprobs: npt.ArrayLike,
        offsets: npt.ArrayLike,
        alternative_index: npt.ArrayLike,
        alternative_logprobs: npt.ArrayLike,
        ranks: npt.ArrayLike | None,
        entropies: npt.ArrayLike | None,
        prompt: Iterable[Token | str | bytes],
        distribution: Distribution,
        model: str | None,
        partial: bool,
        channels: Mapping[str, npt.ArrayLike] | None,
        prompt_roles: Iterable[str] | None,
        prompt_turns: Iterable[int] | None,
        notes: Mapping[str, str] | None,
        source: str | None,
        temperature: float | None,
        ranks_at_least: npt.ArrayLike | None,
        entropies_at_least: npt.ArrayLike | None,
        flags: Mapping[str, npt.ArrayLike] | None,
        categories: Mapping[str, Iterable[str | None]] | None,
    ) -> None:
        before = as_tokens(prompt, "prompt")
        n, k = len(numeric("index", index)), len(numeric("alternative_index", alternative_index))
        per_token, per_alternative = "one per token", "one per alternative"
        own = {
            "vocabulary": vocabulary,
            "index": frozen("index", index, np.uint32, (n,), per_token),
            "logprobs": frozen("logprobs", logprobs, np.float32, (n,), per_token),
            "offsets": frozen("offsets", offsets, np.uint32, (n + 1,), "positions + 1"),
            "alternative_index": frozen(
                "alternative_index", alternative_index, np.uint32, (k,), per_alternative
            ),
            "alternative_logprobs": frozen(
                "alternative_logprobs", alternative_logprobs, np.float32, (k,), per_alternative
            ),
            "ranks": frozen(
                "ranks", np.zeros(n) if ranks is None else ranks, np.int32, (n,), per_token
            ),
            "entropies": frozen(
                "entropies",
                np.full(n, np.nan) if entropies is None else entropies,
                np.float32,
                (n,),
                per_token,
            ),
            "prompt": before,
            "distribution": distribution,
            "model": text("model", model),
            "partial": partial,
            "channels": Channels(channels, n),
            "prompt_roles": None
            if prompt_roles is None
            else _per_token("prompt_roles", prompt_roles, before, _words),
            "prompt_turns": None
            if prompt_turns is None
            else _per_token("prompt_turns", prompt_turns, before, _turn),
            "notes": _notes(notes),
            "source": text("source", source),
            "temperature": None if temperature is None else real("temperature", temperature),
            "ranks_at_least": _bounds("ranks_at_least", ranks_at_least, n),
            "entropies_at_least": _bounds("entropies_at_least", entropies_at_least, n),
            "flags": Flags(flags, n),
            "categories": Categories(categories, n),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        for name in ("logprobs", "alternative_logprobs"):
            positive = np.flatnonzero(getattr(self, name) > _SLACK)
            if positive.size:
                value = getattr(self, name)[positive[0]]
                raise ValueError(
                    f"{name}[{positive[0]}]: expected a natural log-probability ≤ 0, got "
                    f"{value:.4g}; pass np.log(p) if these are probabilities"
                )
        for name in ("index", "alternative_index"):
            column = getattr(self, name)
            if column.size and column.max() >= len(self.vocabulary):
                raise ValueError(f"{name}: {column.max()} points past the end of the vocabulary "
                                 f"of {len(self.vocabulary)} tokens")  # fmt: skip
        ends = self.offsets[0], self.offsets[-1]
        rising = bool(np.all(self.offsets[1:] >= self.offsets[:-1]))
        if ends != (0, len(self.alternative_index)) or not rising:
            raise ValueError(
                f"offsets: expected to rise from 0 to {len(self.alternative_index)} "
                f"(the number of alternatives), got {self.offsets!r}"
            )
        step = np.repeat(np.arange(len(self)), self.offsets[1:] - self.offsets[:-1])
        rises = self.alternative_logprobs[1:] > self.alternative_logprobs[:-1]
        if bool(np.any(rises & (step[1:] == step[:-1]))):
            raise ValueError(
                "alternative_logprobs: expected each position's most probable alternative first"
            )
        if self.ranks.size and self.ranks.min() < 0:
            raise ValueError(f"ranks: expected 1 or more, 0 if unknown, got {self.ranks.min()}")
        if self.distribution not in get_args(Distribution):
            expected = ", ".join(map(repr, get_args(Distribution)))
            raise ValueError(f"distribution: expected one of {expected}, got {self.distribution!r}")
        if self.temperature is not None and self.temperature < 0:
            raise ValueError(f"temperature: expected 0 or more, got {self.temperature}")
        if not isinstance(self.partial, bool):
            raise TypeError(f"partial: expected True or False, got {self.partial!r}")

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.show()._repr_mimebundle_(**kwargs)

    def _ipython_display_(self) -> None:
        self.show()._ipython_display_()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trace):
            return NotImplemented
        per_position = (self.tokens, *self._alternative_tokens()) == (
            other.tokens,
            *other._alternative_tokens(),
        )
        skip = {"vocabulary", "index", "alternative_index"}  # equal tokens may be numbered apart
        return per_position and all(
            same(getattr(self, f.name), getattr(other, f.name))
            for f in fields(self)
            if f.name not in skip
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 40 else f"{self.text[:39]}…"
        count = len(self.alternative_index)
        partial = ", partial" if self.partial else ""
        return f"Trace({len(self)} tokens, {count} alternatives, {text!r}{partial})"

    def _alternative_tokens(self) -> Iterator[Token]:
        return (self.vocabulary[i] for i in self.alternative_index)


class Alternatives(Sequence[tuple[Alternative, ...]]):
    """A view of a trace's alternatives by position; nothing is copied until it is looked at."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    @overload
    def __getitem__(self, position: int) -> tuple[Alternative, ...]: ...
    @overload
    def __getitem__(self, position: slice) -> list[tuple[Alternative, ...]]: ...
    def __getitem__(
        self, position: int | slice
    ) -> tuple[Alternative, ...] | list[tuple[Alternative, ...]]:
        if isinstance(position, slice):
            return [self[i] for i in range(*position.indices(len(self)))]
        n = len(self)
        if not -n <= position < n:
            raise IndexError(f"position {position} is outside a trace of {n} tokens")
        trace, position = self._trace, position % n
        owned = range(int(trace.offsets[position]), int(trace.offsets[position + 1]))
        return tuple(
            Alternative(
                trace.vocabulary[trace.alternative_index[i]], float(trace.alternative_logprobs[i])
            )
            for i in owned
        )

    def __len__(self) -> int:
        return len(self._trace)

    def __repr__(self) -> str:
        return f"Alternatives({list(self)!r})"


def probability(logprobs: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """``exp`` of log-probabilities as the float32 nearest to it, and at most 1.

    Taken in float64, so that the browser, which computes in float64 too, gets the same number.
    """
    with np.errstate(over="ignore"):
        return np.minimum(1, np.exp(np.asarray(logprobs, np.float64))).astype(np.float32)


def _per_token(
    name: str, values: Iterable[Any], tokens: Sequence[Token], check: Callable[[str, Any], Any]
) -> tuple[Any, ...]:
    """One checked entry per token."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise TypeError(f"{name}: expected a sequence, got {type(values).__name__}: {values!r}")
    entries = tuple(check(f"{name}[{i}]", value) for i, value in enumerate(values))
    if len(entries) != len(tokens):
        raise ValueError(
            f"{name}: expected one entry per token of the prompt ({len(tokens)}), "
            f"got {len(entries)}"
        )
    return entries


def _turn(name: str, value: Any) -> int:
    return whole(name, value, at_least=0)


def _words(name: str, value: Any) -> str:
    return cast(str, text(name, value, optional=False))


def _bounds(name: str, values: npt.ArrayLike | None, n: int) -> npt.NDArray[np.bool_]:
    return as_flag(name, np.zeros(n, np.bool_) if values is None else values, n)


def _notes(notes: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    if notes is not None and not isinstance(notes, Mapping):
        raise TypeError(f"notes: expected a text for each word, got {notes!r}")
    return tuple(
        (_words("notes", word), _words(f"notes[{word!r}]", note))
        for word, note in (notes or {}).items()
    )


_PANDAS = {"flag": "boolean", "category": "string"}
_SLACK = 1e-3  # log-probabilities of bfloat16 models and rounded tables may exceed 0 by a little


def _candidates(
    alternatives: Iterable[Iterable[Candidate] | Mapping[Any, float]] | None,
    chosen: Sequence[Token],
) -> list[list[tuple[Token, float]]]:
    """Alternatives of each position as tokens, most probable first, without the chosen token."""
    n = len(chosen)
    steps = [()] * n if alternatives is None else list(alternatives)
    if len(steps) != n:
        raise ValueError(
            f"alternatives: expected one list per token ({n}; empty where there are none), "
            f"got {len(steps)}"
        )
    out: list[list[tuple[Token, float]]] = []
    for position, step in enumerate(steps):
        name = f"alternatives[{position}]"
        pairs = list(step.items() if isinstance(step, Mapping) else step)
        if not pairs:  # as of all of a rollout, which may be long
            out.append([])
            continue
        if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
            raise TypeError(f"{name}: expected (token, log-probability) pairs, got {pairs!r}")
        tokens = as_tokens((token for token, _ in pairs), name)
        logprobs = numeric(f"{name} log-probabilities", [logprob for _, logprob in pairs])
        order = np.argsort(-logprobs, kind="stable")
        pairs = [(tokens[i], float(logprobs[i])) for i in order]
        out.append([pair for pair in pairs if not pair[0].is_same(chosen[position])])
    return out


class _Vocabulary:
    """Distinct tokens in the order of their first use; of unknown ones, each is another."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self._index: dict[Token, int] = {}

    def index(self, token: Token) -> int:
        """Where it is, or is put."""
        place = None if token.unknown and token.id is None else self._index.get(token)
        if place is None:
            place = self._index[token] = len(self.tokens)
            self.tokens.append(token)
        return place
