"""TokenTrace: a path of tokens with probabilities, in rows, with the alternatives below."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets
from ipywidgets import Layout
from ipywidgets.widgets.trait_types import InstanceDict
from ipywidgets.widgets.widget import widget_serialization

from tokenviz.data.channels import channel_look, channel_names, check_channel
from tokenviz.data.marks import shown_category, shown_flag
from tokenviz.data.thresholds import SIDES, beyond_threshold
from tokenviz.data.trace import Trace
from tokenviz.widget.figure import Figure, caption
from tokenviz.widget.messages import is_cell
from tokenviz.widget.ondemand import OwnLayout
from tokenviz.widget.traits import Checked, Finite
from tokenviz.wire import encode_trace, trace_facts

__all__ = ["TokenTrace"]

ARRANGEMENTS = ["grid", "flow"]


class BoxOrArrangement(InstanceDict):  # type: ignore[misc]
    """ipywidgets' ``layout``, the box of CSS, which takes the word for an arrangement, too."""

    def set(self, obj: Any, value: Any) -> None:
        """Hand a word on to ``arrangement``, and keep everything else."""
        if isinstance(value, str):
            obj.arrangement = value
        else:
            super().set(obj, value)


class TokenTrace(Figure):
    """An interactive figure of a :class:`Trace`.

    Tokens stand in rows of numbered positions, each over its probability; a border marks the
    chosen path of each row; the alternatives stand below their position, most probable first.

    Parameters
    ----------
    source
        The trace to show.
    **given
        Any trait of :class:`Figure`, and:

        row_length : int or None
            Positions per row. ``None`` (default): 20 where they fit, else 15, 10, 5 or what does,
            so that nothing is hidden to the right. Saved pictures and plain tables, which have no
            width to fit, have 20.
        top_k : int
            Largest number of alternatives shown per position.
        min_probability : float
            Alternatives less probable than this are hidden.
        border : bool
            Mark the chosen path of each row.
        channel : str
            What colours the cells and is written in them: "probability", "logprob" (nats),
            "surprisal" (bits), "rank", "entropy" (bits), "margin" (to the runner-up), or one of
            the trace's own. Assigning it sets the colormap, range, centre, gamma, label and
            decimals that fit it; those given beside it, or assigned later, win.
        written : str or None
            The channel whose numbers are written in the cells; None (default) for ``channel``.
        show_rest : bool
            One more cell below the alternatives of each position: the probability of all that is
            not shown.
        flag : str or None
            Which of the trace's flags is drawn. What a mask (``loss_mask``) leaves out is dimmed,
            what any other flag marks is striped. By default the first that is called a mask.
        category : str or None
            Which of the trace's categories stands over the tokens, as bands with its words. By
            default the first that has several.
        threshold : float or None
            Tokens at or beyond this value of the channel are counted in the caption, marked in the
            overview and walked through with the keys ``e`` and ``E``; see
            :attr:`positions_beyond`. Another channel has none until one is set.
        beyond : {"above", "below"} or None
            Which side of the threshold is beyond it; None for the one that is looked for in the
            channel, "below" of probabilities and margins.
        span : tuple of two ints or None
            Positions (start, stop), stop exclusive: a stretch of tokens, of which the tooltip and
            the caption give the sum, as :meth:`Trace.summary` does. Drag over tokens, or hold Shift
            with the arrow keys.
        arrangement : {"grid", "flow"}
            Cells in wrapped rows with the alternatives below, or running text: real line breaks,
            alternatives in the tooltip or opened in place. ``layout="flow"`` says the same; what
            else is given or assigned as ``layout`` is ipywidgets' box of CSS.

    Raises
    ------
    TypeError
        If ``source`` is not a Trace, or an option does not exist.
    """

    _kind = traitlets.Unicode("trace").tag(sync=True)
    colormap = Checked("Greens").tag(sync=True)
    vmin = Finite(0.0, allow_none=True).tag(sync=True)
    row_length = traitlets.Int(None, min=1, max=200, allow_none=True).tag(sync=True)
    top_k = traitlets.Int(5, min=0, max=20).tag(sync=True)
    min_probability = Finite(0.05, min=0.0, max=1.0).tag(sync=True)
    border = traitlets.Bool(True).tag(sync=True)
    channel = traitlets.Unicode("probability").tag(sync=True)
    written = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    show_rest = traitlets.Bool(False).tag(sync=True)
    flag = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    category = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    threshold = Finite(None, allow_none=True).tag(sync=True)
    beyond = traitlets.Enum(SIDES, None, allow_none=True).tag(sync=True)
    span = traitlets.Tuple(
        traitlets.Int(), traitlets.Int(), allow_none=True, default_value=None
    ).tag(sync=True)
    arrangement = traitlets.Enum(ARRANGEMENTS, "grid").tag(sync=True)
    layout = BoxOrArrangement(Layout).tag(sync=True, **widget_serialization)
    # How the text comes along while it is being written; see tokenviz.live.
    _live = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)

    _sources: type[Any] = Trace
    """What it shows."""

    _told_looks = False
    """Whether a change of channel comes with its looks, as the browser's does."""

    def __init__(self, source: Trace, **given: Any) -> None:
        box = given.pop("layout", None)
        if isinstance(box, str):
            given["arrangement"] = box
        look: dict[str, Any] = {}
        if "channel" in given and isinstance(source, self._sources):  # else it is refused below
            self._source = source
            look = self._look_of(self._checked_channel(given["channel"]))
        self._told_looks = True
        super().__init__(source, **look | self._shown_marks(source) | given)
        self._told_looks = False
        if box is not None and not isinstance(box, str):
            self.layout = box

    @traitlets.default("layout")
    def _box(self) -> OwnLayout:
        # The trait is this class's, so it does not hear of the default that Figure gives its own.
        return OwnLayout()

    def set_state(self, sync_data: Any) -> None:
        """Take a front end's changes; it sets the looks of a channel itself."""
        self._told_looks = True
        span = sync_data.get("span") if isinstance(sync_data, dict) else None
        if is_cell(span) and not self._spans(tuple(span)):  # of a source that was there before
            sync_data = sync_data | {"span": None}
        try:
            super().set_state(sync_data)
        finally:
            self._told_looks = False

    @property
    def positions_beyond(self) -> npt.NDArray[np.intp]:
        """Positions of the tokens beyond the threshold, ascending; none without one."""
        if self.threshold is None:
            return np.empty(0, np.intp)
        drawn: Trace = self.drawn
        return beyond_threshold(drawn, self.channel, self.threshold, self.beyond).positions

    @property
    def _path(self) -> Trace:
        """The trace whose channels there are."""
        path: Trace = self.source  # of a text that is being written, what there is
        return path

    def _encode(self, source: Trace) -> dict[str, Any]:
        if not isinstance(source, Trace):
            raise TypeError(f"source: expected a Trace, got {type(source).__name__}")
        return encode_trace(source)

    def _words(self, source: Trace) -> dict[str, str]:
        look = channel_look(source, self.channel if self._shows(source) else "probability")
        return {"label": look.label, "caption": caption(trace_facts(source))}

    def _adopt(self, source: Trace) -> None:
        self.set_trait("span", None)
        if not self._shows(source):
            self.channel = "probability"
        if self.written is not None and self.written not in channel_names(source):
            self.written = None
        if isinstance(source, Trace):
            marks = self._shown_marks(source)
            if self.flag not in source.flags:
                self.flag = marks.get("flag")
            if self.category not in source.categories:
                self.category = marks.get("category")

    @staticmethod
    def _shown_marks(source: Any) -> dict[str, Any]:
        """The flag and the category that are shown unless told otherwise."""
        if not isinstance(source, Trace):
            return {}
        marks = {"flag": shown_flag(source.flags), "category": shown_category(source.categories)}
        return {trait: name for trait, name in marks.items() if name is not None}

    def _shows(self, source: Trace) -> bool:
        """Whether the source has what the figure is coloured by."""
        return self.channel in channel_names(source)

    def _holds(self, cell: tuple[int, ...]) -> bool:
        return (
            len(cell) == 2
            and 0 <= cell[0] < len(self._path)
            and 0 <= cell[1] <= len(self._path.alternatives[cell[0]])
        )

    @traitlets.validate("channel")
    def _validate_channel(self, proposal: Any) -> str:
        return self._checked_channel(proposal["value"])

    def _checked_channel(self, channel: Any, trait: str = "channel") -> str:
        try:
            check_channel(self._path, channel)
        except ValueError as error:
            raise traitlets.TraitError(str(error).replace("channel", trait, 1)) from None
        return str(channel)

    @traitlets.validate("written")
    def _validate_written(self, proposal: Any) -> str | None:
        written = proposal["value"]
        return None if written is None else self._checked_channel(written, "written")

    @traitlets.validate("flag", "category")
    def _validate_mark(self, proposal: Any) -> str | None:
        name, trait = proposal["value"], proposal["trait"].name
        known = self._path.flags if trait == "flag" else self._path.categories
        if name is not None and name not in known:
            expected = ", ".join(["None", *map(repr, known)])
            raise traitlets.TraitError(f"{trait}: expected {expected}, got {name!r}")
        return None if name is None else str(name)

    def notify_change(self, change: Any) -> None:
        """Send a channel and what fits it in one message: no view shows one without the other."""
        if change["name"] != "channel":
            super().notify_change(change)
            return
        with self.hold_sync():
            super().notify_change(change)

    def _look_of(self, channel: str) -> dict[str, Any]:
        """The display options that fit a channel, by the names of the traits."""
        return channel_look(self._path, channel).traits()

    @traitlets.observe("channel")
    def _dress(self, change: Any) -> None:
        """Set what fits a channel that was assigned."""
        if self._told_looks:
            return
        for name, value in self._look_of(change["new"]).items():
            self.set_trait(name, value)
        self.threshold = None  # in the units of the channel that it was set for

    def _spans(self, span: tuple[int, ...]) -> bool:
        """Whether there are such tokens, one at least."""
        start, stop = span
        return start < stop and self._holds((start, 0)) and self._holds((stop - 1, 0))

    @traitlets.validate("span")
    def _validate_span(self, proposal: Any) -> tuple[int, int] | None:
        span: tuple[int, int] | None = proposal["value"]
        if span is None or self._spans(span):
            return span
        raise traitlets.TraitError(
            f"span: expected (start, stop) with 0 ≤ start < stop ≤ {len(self.source)}, got {span}"
        )

    @traitlets.validate("selected")
    def _inside(self, proposal: Any) -> tuple[int, int] | None:
        cell: tuple[int, int] | None = proposal["value"]
        if cell is None or self._holds(cell):
            return cell
        n, position = len(self._path), cell[0]
        if not 0 <= position < n:
            expected = f"(position, slot) with a position below {n}"
        else:
            slots = len(self._path.alternatives[position])
            expected = f"a slot from 0 (chosen) to {slots} at position {position}"
        raise traitlets.TraitError(f"selected: expected {expected}, got {cell}")
