"""ComparisonFigure: two traces of one text, in the cells of the first of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from tokenviz.data.comparison import CHANNELS, FLIP, Comparison
from tokenviz.data.trace import Trace
from tokenviz.widget.bundle import Bundle, bundle
from tokenviz.widget.compared import encode_compared, going_on
from tokenviz.widget.figure import caption
from tokenviz.widget.trace import TokenTrace
from tokenviz.widget.traits import Checked
from tokenviz.wire import encode_trace, trace_facts

__all__ = ["ComparisonFigure"]

PAIRS = ["probability", "logprob", "surprisal"]


class ComparisonFigure(TokenTrace):
    """An interactive figure of a :class:`Comparison`.

    The tokens of the reference, *a*, coloured by what became of them in the other, *b*; each cell
    holds the numbers of both, a's over b's. Below them a table lists the places furthest apart:
    each leads to its place, each head of a column sorts by it.

    Parameters
    ----------
    source
        The comparison to show.
    **given
        Any trait of :class:`TokenTrace`, and:

        channel : str
            "Δ log-probability" (default), "ratio", "KL(a‖b)", "KL(b‖a)", "JS", "rank change", or a
            channel of any trace, which is then the reference's.
        pair : {"probability", "logprob", "surprisal"} or None
            What cells hold of both. None: one number, as ``written`` says.
        places : int
            The most places that are listed, at most 100.
        places_by : str or None
            By what they are sorted: "delta", "ratio", "kl", "reverse_kl", "js", "rank_change", or
            "flip" for those where the likeliest token is another. None (default): by "kl" where
            it is known, else by "delta".

    Raises
    ------
    TypeError
        If ``source`` is no Comparison, or an option does not exist.
    """

    _kind = traitlets.Unicode("comparison").tag(sync=True)
    channel = traitlets.Unicode(CHANNELS["delta"]).tag(sync=True)
    pair = traitlets.Enum([*PAIRS, None], "probability").tag(sync=True)
    places = traitlets.Int(5, min=0, max=100).tag(sync=True)
    places_by = Checked(None).tag(sync=True)

    _sources = Comparison

    def __init__(self, source: Comparison, **given: Any) -> None:
        if not isinstance(source, Comparison):
            raise TypeError(f"source: expected a Comparison, got {type(source).__name__}")
        self._shown = source, source.to_trace()
        super().__init__(source, **{"channel": CHANNELS["delta"]} | given)  # type: ignore[arg-type]

    @property
    def drawn(self) -> Trace:
        """The reference, with the comparison as its channels."""
        return self._path

    @property
    def paired(self) -> tuple[str | None, str]:
        """Channels of :attr:`drawn` that hold both log-probabilities; None for the trace's own."""
        comparison: Comparison = self._source
        return comparison.logprob_channels

    @property
    def joined(self) -> npt.NDArray[np.bool_] | None:
        """Which tokens go on with the span of the one before, ``[n]``; None where none does."""
        return going_on(len(self._path), self._source.spans[:, 0])

    @property
    def _path(self) -> Trace:
        return self._traced(self._source)

    def _traced(self, source: Comparison) -> Trace:
        if self._shown[0] is not source:
            self._shown = source, source.to_trace()
        return self._shown[1]

    def _encode(self, source: Any) -> dict[str, Any]:
        if not isinstance(source, Comparison):
            raise TypeError(f"source: expected a Comparison, got {type(source).__name__}")
        return encode_trace(self._traced(source)) | {"compared": encode_compared(source)}

    def _words(self, source: Any) -> dict[str, str]:
        words = super()._words(self._traced(source))
        return words | {"caption": caption(trace_facts(self._traced(source)))}

    def _adopt(self, source: Any) -> None:
        trace = self._traced(source)
        if not self._shows(trace):
            self.channel = CHANNELS["delta"]
        super()._adopt(trace)
        if self.places_by not in source.orders:
            self.places_by = None

    def _shown_marks(self, source: Any) -> dict[str, Any]:  # type: ignore[override]
        trace = source if isinstance(source, Trace) else self._traced(source)
        marks = super()._shown_marks(trace)
        # Where the likeliest token is another is part of the picture; where none is, there is no
        # need to say so twice.
        flips = trace.flags.get(FLIP)
        return ({} if flips is None or not flips.any() else {"flag": FLIP}) | marks

    @traitlets.default("_renderer")
    def _share_renderer(self) -> Bundle:
        return bundle("comparison", "widget")

    @traitlets.validate("places_by")
    def _validate_places_by(self, proposal: Any) -> str | None:
        by = proposal["value"]
        if by is None:
            return None
        try:
            self._source.check_order(by, "places_by")
        except ValueError as error:
            raise traitlets.TraitError(str(error).replace("of ", "of None, ", 1)) from None
        return str(by)
