"""The explorer of the row that is open, where a model is at hand that knows the row's ids."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from tokenviz.browse.opened import opened
from tokenviz.data.trace import Trace
from tokenviz.data.tree import TraceTree
from tokenviz.sets.joined import JoinedSet
from tokenviz.sets.schema import said, tokenizer_of

if TYPE_CHECKING:
    from tokenviz.explore.explorer import Explorer
    from tokenviz.model.language_model import LanguageModel

__all__ = ["Exploring"]

_KEPT = 32  # rows whose branches and answers are remembered
_ALTERNATIVES = 5
_TITLES = ("The row of the first set", "The row of the second set")


class Exploring:
    """Explorers of the rows of a set, one of which is open at a time.

    What was asked about a row is there again when it is opened again. Of two sets that are joined
    they are of what the figure would show: the first one's row, or where the texts differ the
    other's.

    Parameters
    ----------
    rows
        The set, or two that are joined.
    lm
        The model that is asked.

    Raises
    ------
    TypeError, ValueError
        If there is no model, or it is of another tokenizer than the set.
    """

    def __init__(self, rows: Any, lm: LanguageModel) -> None:
        from tokenviz.model.language_model import LanguageModel

        if not isinstance(lm, LanguageModel):
            raise TypeError(
                f"model: expected a LanguageModel, as tv.load_model() gives it, "
                f"got {type(lm).__name__}"
            )
        explored = rows.a if isinstance(rows, JoinedSet) else rows
        theirs, ours = explored.tokenizer, tokenizer_of(lm.tokenizer)
        if theirs and ours and theirs.hash and ours.hash and theirs.hash != ours.hash:
            which = "first set" if isinstance(rows, JoinedSet) else "set"
            raise ValueError(
                f"model: the {which}'s ids are those of {said(theirs)}, and the model's tokenizer "
                f"is {said(ours)}; load the model that the set was made with"
            )
        self._lm = lm
        self._rows = rows
        self._trees: OrderedDict[str, TraceTree] = OrderedDict()
        self._open: tuple[str, Explorer] | None = None

    def explorer(self, key: str, place: int | None = None, **looks: Any) -> Explorer:
        """The explorer of a row; the one that was open before is closed.

        Parameters
        ----------
        key
            Of the row.
        place
            The token that is selected in it.
        looks
            Traits of :class:`tokenviz.Explorer`.

        Raises
        ------
        ValueError
            If the model does not know the row's tokens by their ids.
        """
        from tokenviz.explore.explorer import Explorer

        if self._open is None or self._open[0] != key:
            trace, title = self._row(key)
            looks = {"title": title, **looks}
            tree = self._trees.get(key) or TraceTree.of(self._read(key, trace))
            explorer = Explorer(self._lm, tree, **looks)
            self.close()
            self._open = key, explorer
        explorer = self._open[1]
        if place is not None and 0 <= place < len(explorer.trace):
            explorer.select(place)
        return explorer

    def close(self) -> None:
        """Close the one that is open, and keep what it found."""
        if self._open is None:
            return
        key, explorer = self._open
        self._open = None
        self._trees[key] = explorer.tree
        self._trees.move_to_end(key)
        while len(self._trees) > _KEPT:
            self._trees.popitem(last=False)
        explorer.close()

    def _row(self, key: str) -> tuple[Trace, str]:
        """The row's trace, and of two sets which one's it is, as a title."""
        if not isinstance(self._rows, JoinedSet):
            return self._rows[key], ""
        place = self._rows.place_of(key)
        which = 0 if opened(self._rows, place).said is None else 1
        return self._rows.traces(place)[which], _TITLES[which]

    def _read(self, key: str, trace: Trace) -> Trace:
        """The row's trace; without alternatives in it, as the model reads its ids."""
        prompt, tokens = list(trace.prompt), list(trace.tokens)
        vocabulary = self._lm.vocabulary
        for name, several in (("prompt", prompt), ("tokens", tokens)):
            for position, token in enumerate(several):
                if token.id is None:
                    raise ValueError(
                        f"model: the row {key!r} has no id at {name}[{position}], and a model is "
                        "asked by ids; read the set with tokenizer=, or score its texts"
                    )
                try:
                    own = vocabulary[token.id]
                except (KeyError, IndexError, ValueError, OverflowError):
                    own = None
                if own is None or (not token.unknown and own.bytes != token.bytes):
                    theirs = "nothing" if own is None else repr(own.text)
                    raise ValueError(
                        f"model: the row {key!r} has {token.text!r} by the id {token.id} at "
                        f"{name}[{position}], and the model has {theirs}: it is of another "
                        "tokenizer"
                    )
        if trace.alternative_logprobs.size or len(tokens) + len(prompt) < 2:
            return trace
        ids, before = ([token.id or 0 for token in several] for several in (tokens, prompt))
        if not before:
            return self._lm.score(ids, top_k=_ALTERNATIVES, progress=False)
        return self._lm.score(ids, prompt=before, top_k=_ALTERNATIVES, progress=False)
