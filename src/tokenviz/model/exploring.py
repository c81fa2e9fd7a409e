"""A model as an explorer asks it: to write from ids, to say why, to read again what was changed.

Everything goes by ids: what a tokenizer split is not joined on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tokenviz.data.trace import Trace
from tokenviz.data.tree import Change
from tokenviz.model.attributing.asking.targets import Contrast
from tokenviz.model.attributing.attribute import attribute
from tokenviz.model.attributing.engine.budget import TIME_BUDGET
from tokenviz.model.attributing.engine.rehearsal import Rehearsals
from tokenviz.model.attributing.methods.baselines import blank
from tokenviz.model.attributing.question import parse_question
from tokenviz.model.running.cores import leaving_a_core
from tokenviz.model.running.patience import stoppable
from tokenviz.model.running.soundness import check_causal
from tokenviz.model.text.continuing import encode_typed
from tokenviz.model.text.prompt import Prompt
from tokenviz.model.tracing.branching import Branching
from tokenviz.model.tracing.generate import Generation
from tokenviz.model.tracing.muting import score_muted

if TYPE_CHECKING:
    from tokenviz.data.attribution import Attribution
    from tokenviz.model.language_model import LanguageModel

__all__ = ["ExploredModel"]

_FEW = 8  # tokens on which most is tried
_REHEARSED = 2.0  # seconds of computing for each text, whether or not anybody asks


class ExploredModel:
    """What an explorer asks of a model.

    Parameters
    ----------
    lm
        The model.
    options
        How texts are written: those of :meth:`LanguageModel.generate`.
    """

    def __init__(self, lm: LanguageModel, options: Mapping[str, Any]) -> None:
        for name in {"stream", "batch_size"} & options.keys():
            raise TypeError(f"{name}: an explorer writes one text at a time, and always streams it")
        self._lm = lm
        # What is written is seen in the figure: no bar besides, unless one is asked for.
        self.options = {**options, "progress": bool(options.get("progress"))}
        self._branching = Branching(lm, self.options)
        self._rehearsals = Rehearsals(lm)
        self._is_tried = False

    def begin(self, prompt: Prompt) -> Generation:
        """The answer to a prompt, not begun."""
        return self._branching.prepare(prompt)

    def go_on(
        self, ids: Sequence[int], forced: Sequence[int], options: Mapping[str, Any]
    ) -> Generation:
        """What follows some ids: first those that are forced, then what the model writes."""
        return self._branching.prepare(list(ids), (), list(forced), **options)

    def ids_of(self, text: str) -> list[int]:
        """The ids of a text that goes on where another ended."""
        ids: list[int] = encode_typed(self._lm, text).tolist()
        return ids

    def why(
        self,
        before: Sequence[int],
        target: Sequence[int],
        instead_of: Sequence[int] | None,
        method: str,
        unwanted: Callable[[], bool],
    ) -> Attribution:
        """What of some ids spoke for those that follow, or for them rather than for others.

        Raises
        ------
        Stopped
            If it was not wanted any more.
        """
        lm = self._lm
        asked = list(target) if instead_of is None else Contrast(list(target), list(instead_of))
        with stoppable(unwanted), leaving_a_core():
            lm.probe(check_causal)
            question = parse_question(lm, list(before), [asked], method=method)
            return attribute(
                lm, question, seconds=TIME_BUDGET, progress=False, rehearsals=self._rehearsals
            )

    def get_ready(self, ids: Sequence[int], unwanted: Callable[[], bool]) -> None:
        """Compute now what questions about a text begin with, so that nobody waits for it.

        What is tried before a first attribution, and then what those about any token of the text
        have in common (:mod:`tokenviz.model.attributing.engine.rehearsal`); that by the default
        method. What fails here fails again, and is told, when it is asked for.
        """
        with suppress(Exception), stoppable(unwanted):
            if not self._is_tried:
                few = list(ids[-_FEW:])
                self._lm.estimate(few[:-1], few[-1:])
                self._is_tried = True
            with leaving_a_core():
                self._rehearsals.rehearse(ids, blank(self._lm), _REHEARSED)

    def forget(self) -> None:
        """Let go of what was computed for questions to come."""
        self._rehearsals.forget()

    def read_again(
        self,
        prompt: Sequence[int],
        path: Sequence[int],
        change: Change,
        unwanted: Callable[[], bool],
    ) -> Trace:
        """The tokens of a path scored after a changed prompt."""
        prompt, path = list(prompt), list(path)
        with stoppable(unwanted):
            if change.how == "mute":
                try:
                    return score_muted(self._lm, path, prompt, (change.start, change.stop), top_k=1)
                except ValueError as error:  # told of the argument that the caller gave
                    raise ValueError(str(error).replace("muted: ", "how: ", 1)) from None
            put = [] if change.text is None else self.ids_of(change.text)
            changed = [*prompt[: change.start], *put, *prompt[change.stop :]]
            if not changed:
                raise ValueError(
                    "span: nothing is left of the prompt, and the first token of a text has no "
                    "probability; replace it, or leave a token"
                )
            return self._lm.score(path, prompt=changed, top_k=1, progress=False)
