"""Texts written token by token: chosen, reduced to what a trace keeps, and ended where they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

from tokenviz.data.trace import TraceStep
from tokenviz.model.running.loaded_model import LoadedModel
from tokenviz.model.text.prompt import EncodedPrompt
from tokenviz.model.tracing.batching import padding_id
from tokenviz.model.tracing.decoding import Decoding, remembers_up_to
from tokenviz.model.tracing.memories import Memories
from tokenviz.model.tracing.processing import Situation
from tokenviz.model.tracing.reduction import (
    NOT_FINITE,
    Columns,
    Positions,
    Reduction,
    reduce,
    trace_of,
)
from tokenviz.model.tracing.sampling import Sampler
from tokenviz.model.tracing.stopping import StoppingCriteria, StopRule

__all__ = ["OnToken", "Text", "Writer"]

NOTHING_TO_CHOOSE = (
    "what logits processors and temperature make of the model's logits holds NaN or infinity, or "
    "leaves no token to choose"
)

OnToken: TypeAlias = Callable[[TraceStep], object]
"""Called with each token as soon as it is written."""


@dataclass
class Text:
    """A text on its way: what it continues, and how far it has come.

    Parameters
    ----------
    row
        Its place among the prompts.
    prompt
        What it goes on from.
    stop_rule
        When it ends.
    forced
        Ids that it begins with, whatever the model would choose; of a text that is written alone.
    seed
        Of its draws, where it is not that of all.

    Attributes
    ----------
    length
        How many tokens it has, forced ones included.
    finished
        Whether it is at its end.
    computed
        Token positions that the model was run on for it.
    """

    row: int
    prompt: EncodedPrompt
    stop_rule: StopRule
    forced: Sequence[int] = ()
    seed: int | None = None
    length: int = 0
    computed: int = 0
    finished: bool = False
    # Texts that run together take turns in the same positions: this one's are every so manieth.
    _positions: Positions = field(default_factory=Positions)
    _turns: slice = field(default_factory=lambda: slice(None))

    def begin(self, positions: Positions, place: int, count: int) -> None:
        """Say where its positions are: at one place of each ``count``."""
        self._positions, self._turns = positions, slice(place, None, count)

    def columns(self) -> Columns:
        """What is known of its tokens so far."""
        floats, ids = self._positions.columns()
        return Columns(floats[self._turns][: self.length], ids[self._turns][: self.length])


@dataclass(frozen=True)
class Writer:
    """Writes texts to their ends, several side by side.

    Parameters
    ----------
    lm
        The model.
    sampler
        How tokens are chosen.
    criteria
        What ends a text besides its own rule.
    max_new_tokens
        The most tokens of a text.
    top_k
        How many alternatives are kept at each position.
    keep_eos
        Whether an end-of-sequence token is part of the text.
    ends
        The ids that end a text.
    shows_model
        Whether the model's own probabilities are recorded, rather than those chosen from.
    on_token
        Called with each token.
    memories
        What the model remembers of texts written before, to go on from; those are written one at a
        time.
    """

    lm: LoadedModel
    sampler: Sampler
    criteria: StoppingCriteria
    max_new_tokens: int
    top_k: int
    keep_eos: bool
    ends: Sequence[int]
    shows_model: bool
    on_token: OnToken | None
    memories: Memories | None = None

    def write(self, texts: Sequence[Text]) -> Iterator[int]:
        """Write texts side by side until the last is finished.

        Yields
        ------
        int
            After each step, how many texts have grown.
        """
        positions = Positions()
        for place, text in enumerate(texts):
            text.begin(positions, place, len(texts))
        forced = texts[0].forced if len(texts) == 1 else ()
        decoding = self._decoding(texts, len(forced) + self.max_new_tokens)
        generators = self.sampler.generators([text.seed for text in texts], decoding.ids.device)
        # To what changes scores, forced tokens are part of what was there before.
        at = Situation(
            decoding.ids.shape[1] + len(forced),
            self.max_new_tokens,
            self.ends,
            self.lm.vocabulary_size,
            decoding.ids.device,
        )
        score = self.sampler.scores(at)
        while active := [place for place, text in enumerate(texts) if not text.finished]:
            logits = decoding.logits()
            begins = len(forced) > texts[0].length
            if begins:
                # Nothing is drawn, and processors are asked only for what is shown.
                scores = logits if self.shows_model else score(decoding.ids, logits)
                chosen = torch.tensor([forced[texts[0].length]], device=decoding.ids.device)
            else:
                scores = score(decoding.ids, logits)
                chosen = self.sampler.choose(scores, generators)
            reduction = reduce(logits if self.shows_model else scores, chosen, self.top_k)
            ids = self._checked(chosen, reduction, logits, scores, active, forced=begins)
            positions.add(reduction)
            for text in texts:
                text.computed = decoding.computed
            grown = [place for place in active if self._take(texts[place], ids[place])]
            if len(active) < len(texts):
                # What those that are finished would go on with shall not reach the user's objects.
                over = torch.tensor([text not in active for text in range(len(texts))])
                chosen = chosen.masked_fill(over.to(chosen.device), padding_id(self.lm))
            decoding.append(chosen)
            if self.criteria and not begins:
                for text, ends in zip(texts, self.criteria(decoding.ids), strict=True):
                    text.finished |= ends
            if self.on_token is not None:
                for place in grown:
                    row = slice(place, place + 1)
                    self.on_token(self._step(texts[place], Reduction(*(x[row] for x in reduction))))
            yield len(grown)

    def _decoding(self, texts: Sequence[Text], steps: int) -> Decoding:
        """The texts before their first step."""
        prompts = [text.prompt.ids for text in texts]
        longest = max(map(len, prompts)) + steps
        if self.memories is not None and len(prompts) == 1:
            return self.memories.decoding(prompts[0], longest)
        # The first token needs no memory, and asking a model whether it has one takes passes.
        return Decoding(self.lm, prompts, cached=steps > 1 and remembers_up_to(self.lm, longest))

    def _checked(
        self,
        chosen: torch.Tensor,
        reduction: Reduction,
        logits: torch.Tensor,
        scores: torch.Tensor,
        active: Sequence[int],
        *,
        forced: bool,
    ) -> list[int]:
        """The chosen ids, if there was something to choose from; forced ones may be excluded.

        This is the one place of a step that waits for the device.
        """
        sound = ~reduction.floats[:, 1].isnan()
        if scores is not logits and not forced:
            sound &= scores.gather(-1, chosen[:, None])[:, 0] > -torch.inf
        ids: list[int] = chosen.where(sound, -1).tolist()
        if any(ids[place] < 0 for place in active):
            finite = bool(logits[list(active)].logsumexp(-1).isfinite().all())
            raise FloatingPointError(NOTHING_TO_CHOOSE if finite else NOT_FINITE)
        return ids

    def _take(self, text: Text, id_: int) -> bool:
        """Let a text end with a token, or grow by it."""
        if text.length < len(text.forced):
            # As part of the text it is seen, and the stop rule is about what is written after it.
            text.length += 1
            text.finished = text.length == len(text.forced) and id_ in self.ends
            return True
        if text.stop_rule.is_end_of_sequence(id_) and not self.keep_eos:
            text.finished = True
            return False
        text.length += 1
        most = len(text.forced) + self.max_new_tokens
        text.finished = text.stop_rule(id_) or text.length == most
        return True

    def _step(self, text: Text, reduction: Reduction) -> TraceStep:
        columns = Columns(reduction.floats.float().cpu().numpy(), reduction.ids.cpu().numpy())
        trace = trace_of(columns, self.lm.vocabulary, self.top_k)
        return TraceStep(
            trace.tokens[0],
            float(trace.logprobs[0]),
            int(trace.ranks[0]),
            float(trace.entropies[0]),
            trace.alternatives[0],
            text.length - 1,
            text.row,
        )
