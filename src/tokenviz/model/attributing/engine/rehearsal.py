"""What questions about one text have in common, computed before anybody asks them.

A row of a causal model knows nothing of those after it. So the run of a whole text holds that of
each of its beginnings; and the text with one token blanked out, run to its end, holds what any
later token loses without that one. Both serve every question about a token of the text: what is
left of it then is one backward pass, and the output head at a few rows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from tokenviz.model.attributing.engine.agreement import agreeing_decoder
from tokenviz.model.decoder import Decoder, Rows
from tokenviz.model.decoder.decoder import Computed
from tokenviz.model.decoder.norm import Normed
from tokenviz.model.decoder.ragged import Ragged
from tokenviz.model.running.denormals import without_denormals
from tokenviz.model.running.forward import borrowed
from tokenviz.model.running.inputs import Embeddings, find_inputs
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.running.patience import check_stop
from tokenviz.model.running.version import version_of

__all__ = ["Rehearsal", "Rehearsals"]

_BUDGET = 256 << 20  # bytes, for all texts
_PIECE = 0.03  # seconds: whoever asks meanwhile waits for so long


class Rehearsal:
    """One text, and each of its tokens blanked out in turn, the first ones first.

    Only while the model is borrowed.

    Parameters
    ----------
    lm
        The model.
    decoder
        The same, taken apart.
    ids
        The text, int64, ``[T]``.
    blank
        The id that stands in the place of a token.
    """

    def __init__(self, lm: LoadedModel, decoder: Decoder, ids: Sequence[int], blank: int) -> None:
        self.ids = list(ids)
        self._rows = Rows.of_text(len(self.ids), lm.device)
        inputs = lm.probe(find_inputs)
        dtype = torch.promote_types(lm.dtype, torch.float32)
        text, space = (
            inputs.rows(torch.tensor(of, device=lm.device)) for of in (self.ids, [blank])
        )
        self._text, self._blank = text.to(dtype), space.to(dtype)
        begun = time.perf_counter()
        self._run = decoder.compute(self._text[None], self._rows, None)
        self._pace = (time.perf_counter() - begun) / len(self.ids)  # seconds per row
        self._hidden: list[torch.Tensor] = []  # of each text so far, from its blank on, [T - i, d]

        self._bytes_of_run = self.bytes_of_run(decoder, len(self.ids))

    @staticmethod
    def bytes_of_run(decoder: Decoder, length: int) -> int:
        """Memory that the run of a text takes."""
        return length * decoder.bytes_per_row(length)[0]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self._bytes_of_run + sum(hidden.nbytes for hidden in self._hidden)

    @property
    def is_whole(self) -> bool:
        """Whether every token was blanked out that a question can be asked after."""
        return len(self._hidden) >= len(self.ids) - 1

    def begins_with(self, ids: Sequence[int]) -> bool:
        """Whether the text begins with these."""
        return self.ids[: len(ids)] == list(ids)

    def go_on(self, decoder: Decoder) -> None:
        """Blank out a few more tokens, at least one."""
        begun = time.perf_counter()
        count, first = len(self.ids), len(self._hidden)
        fitting = int(_PIECE / self._pace / (count - first))
        stop = min(first + max(1, fitting), count - 1)
        starts = torch.arange(first, stop)
        own = torch.arange(stop - first)
        texts = self._text[first:].expand(stop - first, -1, -1).clone()
        texts[own, own] = self._blank[0]
        ragged = Ragged(starts, count, texts.device)
        hidden = decoder.extend(ragged.end_to_end(texts), self._run.keys, self._rows, None, ragged)
        self._hidden += torch.split(hidden[0], (count - starts).tolist())
        self._pace = (time.perf_counter() - begun) / hidden.shape[1]

    def run(self, count: int, reads: torch.Tensor) -> Computed:
        """That of the first rows, read at some."""
        keys, queries, normed, hidden, _ = self._run
        first = [side.select(lambda part: part[:, :count]) for side in queries[:-1]]
        return Computed(
            [side.select(lambda part: part[:, :count]) for side in keys],
            [*first, queries[-1].select(lambda part: part[:, reads])],
            Normed(*(part[:, reads] for part in normed)),
            hidden[:, reads],
            [],
        )

    def known(self, replacement: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Which variants were computed: those with one token blanked out, bool, ``[v]``."""
        is_same = (replacement.to(self._blank) == self._blank).all(-1).cpu()
        tokens = masks.int().argmax(-1)
        return (masks.sum(-1) == 1) & (tokens < len(self._hidden)) & is_same[tokens]

    def hidden(self, masks: torch.Tensor, reads: torch.Tensor) -> torch.Tensor:
        """Hidden states of known variants at rows after their blanks, ``[v, reads, d]``."""
        tokens = masks.int().argmax(-1).tolist()
        return torch.stack([self._hidden[token][reads - token] for token in tokens])


class Rehearsals:
    """Those of a few texts of a model, while its weights stay as they are.

    Parameters
    ----------
    lm
        The model.
    budget
        Bytes that they may take together; the oldest go first.
    """

    def __init__(self, lm: LoadedModel, budget: int = _BUDGET) -> None:
        self._lm = lm
        self._budget = budget
        self._texts: list[Rehearsal] = []  # the newest last
        self._version: object = None

    def of(self, ids: Sequence[int]) -> Rehearsal | None:
        """That of a text that begins with these; None where there is none. In a loan only."""
        version = version_of(self._lm.model)
        if version != self._version:  # of another model, or this one before
            self.forget()
            self._version = version
        return next((one for one in reversed(self._texts) if one.begins_with(ids)), None)

    def rehearse(self, ids: Sequence[int], blank: int, seconds: float) -> None:
        """Compute of a text what there is time for, and let others compute in between.

        Nothing where the model is not of a known layout, or the text too long for the budget.

        Raises
        ------
        Stopped
            If the thread was asked to stop.
        """
        spent = 0.0
        with borrowed(self._lm.model) as loan, torch.inference_mode(False), without_denormals():
            while spent < seconds:
                check_stop()
                begun = time.perf_counter()
                if not self._go_on(ids, blank):
                    break
                spent += time.perf_counter() - begun
                loan.lend()

    def forget(self) -> None:
        """Let go of everything."""
        self._texts.clear()

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return sum(text.nbytes for text in self._texts)

    def _go_on(self, ids: Sequence[int], blank: int) -> bool:
        """Compute a piece; False if nothing is left to do, or no room."""
        if type(self._lm.probe(find_inputs)) is not Embeddings:
            return False
        decoder = agreeing_decoder(self._lm, len(ids))
        if decoder is None:
            return False
        text = self.of(ids)
        if text is None:
            if Rehearsal.bytes_of_run(decoder, len(ids)) > self._budget:
                return False
            text = Rehearsal(self._lm, decoder, ids, blank)
            self._texts.append(text)
        elif not text.is_whole:
            text.go_on(decoder)
        while self.nbytes > self._budget and len(self._texts) > 1:
            del self._texts[0]
        return not text.is_whole and self.nbytes < self._budget
